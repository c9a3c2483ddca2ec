#include "thalweg/hermite/breakpoints.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace thalweg::hermite {
namespace {

using Kind = Breakpoint::Kind;

FunctionScan scan(auto f) {
  return scan_function([f](std::span<const double> x, std::span<double> y) {
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = f(x[i]);
  });
}

void expect_breaks(const FunctionScan& found, const std::vector<Breakpoint>& expected) {
  ASSERT_EQ(found.breakpoints.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(found.breakpoints[i].at, expected[i].at, 2e-12 * (1 + std::abs(expected[i].at)));
    EXPECT_EQ(found.breakpoints[i].kind, expected[i].kind) << expected[i].at;
  }
}

TEST(FunctionScan, FindsJumps) {
  expect_breaks(scan([](double z) { return z > 1.1774100 ? 1 : -1; }), {{1.1774100, Kind::kJump}});
  expect_breaks(
      scan([](double z) { return std::abs(z) > .5 && std::abs(z) < 1.6083106 ? 1 : -1; }),
      {{-1.6083106, Kind::kJump}, {-.5, Kind::kJump}, {.5, Kind::kJump}, {1.6083106, Kind::kJump}});
}

TEST(FunctionScan, FindsKinks) {
  expect_breaks(scan([](double z) { return z > 0 ? z : 0; }), {{0, Kind::kKink}});
  expect_breaks(scan([](double z) { return std::max(0.0, 1 - std::abs(z)); }),
                {{-1, Kind::kKink}, {0, Kind::kKink}, {1, Kind::kKink}});
  expect_breaks(scan([](double z) { return std::sin(3 * z) + 0.1 * std::abs(z - 0.3); }),
                {{0.3, Kind::kKink}});
  expect_breaks(scan([](double z) { return std::sqrt(std::abs(z - 0.3)); }), {{0.3, Kind::kKink}});
}

TEST(FunctionScan, TellsApartBreaksInNeighbouringCells) {
  const double a = 0.4321, b = a + 3e-4;
  expect_breaks(scan([=](double z) { return z > a && z < b ? 1 : 0; }),
                {{a, Kind::kJump}, {b, Kind::kJump}});
}

TEST(FunctionScan, FindsEveryStepOfAStaircase) {
  const FunctionScan found = scan([](double z) { return std::floor(2 * z); });
  ASSERT_EQ(found.breakpoints.size(), 47);
  for (std::size_t i = 0; i < 47; ++i)
    EXPECT_NEAR(found.breakpoints[i].at, -11.5 + 0.5 * static_cast<double>(i), 1.3e-11);
}

TEST(FunctionScan, LeavesSmoothFunctionsAlone) {
  expect_breaks(scan([](double z) { return std::tanh(z); }), {});
  expect_breaks(scan([](double z) { return z * z * std::exp(-z * z); }), {});
  expect_breaks(scan([](double z) { return std::log1p(std::exp(z)); }), {});
  expect_breaks(scan([](double z) { return std::sin(30 * z); }), {});
  expect_breaks(scan([](double z) { return std::pow(z, 12); }), {});
  expect_breaks(scan([](double z) { return z > 0 ? z * z : 0; }), {});  // its slope has no jump
  expect_breaks(scan([](double) { return 3.0; }), {});
}

TEST(FunctionScan, GivesIntervalsWithoutValues) {
  const FunctionScan found = scan([](double z) { return std::sqrt(std::cos(z) - 0.5); });
  ASSERT_EQ(found.undefined.size(), 4);
  EXPECT_NEAR(found.undefined[1].from, -5 * M_PI / 3, 1e-10);
  EXPECT_NEAR(found.undefined[1].to, -M_PI / 3, 1e-10);
  EXPECT_TRUE(scan([](double z) { return 1 / z; }).undefined.empty());
}

}  // namespace
}  // namespace thalweg::hermite
