#include "thalweg/index/partial_trace.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "index/sample_table.hpp"
#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/gaussian.hpp"
#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/hermite/contraction.hpp"
#include "thalweg/index/formula.hpp"

namespace thalweg::index {
namespace {

using estimation::Estimate;
using estimation::overlap_squared;
using estimation::PlantedModel;
using estimation::Target;

constexpr PartialTraceOptions kTraceOnly = {.refine = false};

Estimate found_by(const PartialTraceOptions& options,
                  const estimation::SampleSource& source,
                  const Target& target,
                  int threads = 1) {
  const std::vector<std::int64_t> samples = {source.rows()};
  return partial_trace(options)->estimate(source, target, samples, {.threads = threads}).at(0);
}

PlantedModel planted(const char* link, int d, std::int64_t n, std::uint64_t seed) {
  return {parse_formula(link), {}, d, n, Key{seed}};
}

struct Overlaps {
  double mean = 0, error = 0;
};

Overlaps overlaps(const char* link, int order, int d, std::int64_t n, int seeds) {
  double sum = 0, squares = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const PlantedModel model = planted(link, d, n, static_cast<std::uint64_t>(100 + seed));
    const double value = overlap_squared(model.directions(),
                                         found_by(kTraceOnly, model, {.order = order}).directions);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / seeds;
  return {.mean = mean, .error = std::sqrt((squares / seeds - mean * mean) / (seeds - 1))};
}

// E v = c_3 w*: every coordinate within 5 of its own standard errors, 8 coordinates.
TEST(PartialTrace, HasItsExpectation) {
  const Eigen::Index n = 1000000, d = 8;
  const double t3 = std::sqrt(2 * std::numbers::ln2);
  Matrix x(n, d);
  fill_gaussian(std::span<double>(x.data(), static_cast<std::size_t>(n * d)), Key{93});
  std::vector<double> t(static_cast<std::size_t>(n));
  for (Eigen::Index i = 0; i < n; ++i) {
    const double z = x(i, 0);
    t[static_cast<std::size_t>(i)] = z < -t3 || (z > 0 && z < t3) ? 1 : -1;
  }
  const Vector mean = hermite::partial_trace_vector(3, x, t) / static_cast<double>(n);
  // Variance of a coordinate when x does not depend on t: (d + 2) / 3; along w* it is 15 at most
  // larger than that, E[(|x|^2 - d - 2)^2 x_1^2] / 6 being the same.
  const double error = std::sqrt((d + 2.0) / 3 / static_cast<double>(n));
  EXPECT_NEAR(mean[0], -.451565, 5 * error);
  for (Eigen::Index j = 1; j < d; ++j) EXPECT_NEAR(mean[j], 0, 5 * error) << j;
}

// Odd k: E overlap^2 = 1 / (1 + d V_k / (n c_k^2)) for labels +-1, V_3 = (d + 2) / 3. The law
// neglects terms of relative size 1 / d; 4 standard errors of the mean come on top.
TEST(PartialTrace, FollowsItsLearningCurveAtOrderThree) {
  for (const std::int64_t n : {2112, 6904}) {
    const double d = 64;
    const double law = 1 / (1 + d * (d + 2) / 3 / (static_cast<double>(n) * .451565 * .451565));
    const Overlaps found = overlaps("T3", 3, 64, n, 40);
    EXPECT_NEAR(found.mean, law, 1 / d + 4 * found.error) << n;
    EXPECT_LT(found.error, 0.02);
  }
}

// Even k: overlap^2 = 1 - n_c / n, n_c = d (d + 4) / 12 / c_4^2 for standardised labels. At n = 8
// n_c, where no seed loses its outlier.
TEST(PartialTrace, FollowsItsLearningCurveAtOrderFour) {
  const double d = 48, critical = d * (d + 4) / 12 / (.335907 * .335907);
  const Overlaps found = overlaps("T4", 4, 48, static_cast<std::int64_t>(8 * critical), 20);
  EXPECT_NEAR(found.mean, 0.875, 1 / d + 4 * found.error);
  EXPECT_LT(found.error, 0.01);
}

// At n = 3 d^{3/2} the trace alone has an overlap^2 of about 0.3: the power steps find the rest.
TEST(PartialTrace, RefinementFindsTheRest) {
  const int d = 64, seeds = 10;
  double before = 0, after = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const PlantedModel model = planted("T3", d, 3 * 512, 200 + seed);
    before +=
        overlap_squared(model.directions(), found_by(kTraceOnly, model, {.order = 3}).directions) /
        seeds;
    after +=
        overlap_squared(model.directions(), found_by({}, model, {.order = 3}).directions) / seeds;
  }
  EXPECT_LT(before, 0.4);
  EXPECT_GT(after, 0.55);
}

// On noise, where nothing helps it.
TEST(PartialTrace, RefinementNeverLowersTheForm) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (const int k : {3, 4, 5}) {
      const SampleTable table(
          200, 12, Key{94, seed}, [](const double* x) { return x[0] > 0 ? 1. : -1.; });
      const Vector t = table.y().array() - table.y().mean();
      const auto form = [&](const Matrix& w) {
        const Vector v = w.col(0);
        return std::abs(hermite::contract_to_vector(
                            k, table.x(), {t.data(), static_cast<std::size_t>(t.size())}, v)
                            .dot(v));
      };
      const Target target = {.order = k};
      EXPECT_GE(form(found_by({}, table, target).directions),
                form(found_by(kTraceOnly, table, target).directions) * (1 - 1e-12));
    }
  }
}

TEST(PartialTrace, TurnsWithTheRows) {
  const Matrix q = rotation(6, Key{95});
  const SampleTable table(
      500, 6, Key{96}, [](const double* x) { return std::sin(2 * x[0]) + x[1]; });
  for (int k = 1; k <= 5; ++k) {
    const Matrix found = found_by({}, table, {.order = k}).directions;
    const Matrix turned = q * found_by({}, table.times(q), {.order = k}).directions;
    EXPECT_NEAR(overlap_squared(found, turned), 1, 1e-10) << k;
  }
}

TEST(PartialTrace, IsTheSameToTheBitOnAnyNumberOfThreads) {
  const PlantedModel model = planted("T3", 20, 3000, 7);
  for (const int k : {2, 3}) {
    EXPECT_EQ(found_by({}, model, {.order = k}, 3).directions,
              found_by({}, model, {.order = k}).directions);
  }
}

// Eigenvalues of both signs; for y = z^2 the bulk's positive side is the longer one.
TEST(PartialTrace, FindsDirectionsOfEitherSign) {
  for (const char* link : {"z1^2 - z2^2", "z1^2 + z2^2", "-z1^2 - z2^2"}) {
    const PlantedModel model = planted(link, 30, 6000, 8);
    const Estimate found = found_by({}, model, {.directions = 2, .order = 2});
    EXPECT_GT(overlap_squared(model.directions(), found.directions), 0.9) << link;
  }
}

TEST(PartialTrace, SaysWhichTransformItChose) {
  const PlantedModel model = planted("z", 5, 300, 9);
  EXPECT_EQ(found_by({}, model, {.order = 1}).note.rfind("Label transform: ", 0), 0);
  const Target given = {.order = 1, .label_transform = [](double y) { return y; }};
  EXPECT_EQ(found_by({}, model, given).note, "");
}

TEST(PartialTrace, NamesWhatItCannotDo) {
  const PlantedModel model = planted("z", 5, 300, 9);
  const auto message = [&](const Target& target) {
    return testing::message_of<InvalidArgument>([&] { found_by({}, model, target); });
  };
  EXPECT_EQ(message({.order = 13}), "[partial-trace] the order must be 1 to 12; got 13.");
  EXPECT_EQ(message({.directions = 6}),
            "[partial-trace] can find 1 to the 5 dimensions' directions; got 6.");
  EXPECT_EQ(
      found_by({}, planted("z1*z2", 5, 300, 9), {.directions = 2, .order = 3}).directions.cols(),
      1);
}

}  // namespace
}  // namespace thalweg::index
