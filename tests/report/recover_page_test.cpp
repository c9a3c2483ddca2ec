#include "thalweg/report/recover_page.hpp"

#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/browser.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/report/report.hpp"

namespace thalweg::report {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using thalweg::testing::TemporaryFolder;

constexpr int kSizes = 6;

/// Overlap^2 = n / (n + half): a curve that reaches 1/2 at `half`.
json curve(double first, double half, json& errors) {
  json means = json::array();
  errors = json::array();
  for (int i = 0; i < kSizes; ++i) {
    const double n = first * std::pow(2, i);
    means.push_back(n / (n + half));
    errors.push_back(0.02);
  }
  return means;
}

json method(double exponent, json theory) {
  json result = {{"exponent", exponent},
                 {"exponent_se", 0.05},
                 {"log_prefactor", std::log(10)},
                 {"curvature", 0.4},
                 {"theory", std::move(theory)}};
  for (const double d : {16.0, 32.0, 64.0}) {
    json errors;
    const double half = 10 * std::pow(d, exponent);
    result["overlap2_mean"].push_back(curve(d * d, half, errors));
    result["overlap2_se"].push_back(errors);
    result["samples_to_half"].push_back(half);
    result["samples_to_half_log_se"].push_back(0.1);
  }
  return result;
}

/// A method without a signal: it stays where chance is.
json blind_method() {
  json result = {{"exponent", nullptr}, {"exponent_se", nullptr}, {"theory", nullptr}};
  for (int d = 0; d < 3; ++d) {
    result["overlap2_mean"].push_back(json::array({0.02, 0.03, 0.02, 0.02, nullptr, nullptr}));
    result["overlap2_se"].push_back(json::array({0.01, 0.01, 0.01, nullptr, nullptr, nullptr}));
    result["samples_to_half"].push_back(nullptr);
    result["samples_to_half_log_se"].push_back(nullptr);
  }
  return result;
}

run::RunFolder write_run(const std::filesystem::path& out, json methods) {
  auto folder = run::RunFolder::create(out, "r", true);
  json samples = json::array();
  for (const double d : {16.0, 32.0, 64.0}) {
    json sizes = json::array();
    for (int i = 0; i < kSizes; ++i) sizes.push_back(d * d * std::pow(2, i));
    samples.push_back(sizes);
  }
  folder.write_summary({{"command", "recover"},
                        {"status", "done"},
                        {"results",
                         {{"link", "T3"},
                          {"order", 3},
                          {"directions", 1},
                          {"seeds", 12},
                          {"dimensions", {16, 32, 64}},
                          {"samples", samples},
                          {"methods", std::move(methods)}}}});
  write_atomically(folder.config(), "command = \"recover\"\n");
  return folder;
}

TEST(RecoverPage, SaysWhatTheRaceFound) {
  const TemporaryFolder out;
  const std::string html = recover_page(write_run(out.path(),
                                                  {{"partial-trace", method(1.52, 1.5)},
                                                   {"online-sgd", method(2.4, 2.0)},
                                                   {"sir", blind_method()}}));
  EXPECT_THAT(html, HasSubstr("Recovering y = T3"));
  EXPECT_THAT(html, HasSubstr("2 of 3"));
  EXPECT_THAT(html, HasSubstr("1.52 ± 0.05"));
  EXPECT_THAT(html, HasSubstr("agrees"));
  EXPECT_THAT(html, HasSubstr("+8.0 standard errors"));
  EXPECT_THAT(
      html,
      HasSubstr("<strong>sir</strong> cannot see this problem, says the theory, and does not"));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(RecoverPage, SaysWhereAPowerLawBends) {
  const TemporaryFolder out;
  auto bent = method(1.5, 1.5);
  bent["curvature"] = -3.2;
  EXPECT_THAT(recover_page(write_run(out.path(), {{"sir", bent}})),
              HasSubstr("bend by -3.2 standard errors"));
}

TEST(RecoverPage, ShowsARunThatHasAlmostNothing) {
  const TemporaryFolder out;
  EXPECT_THAT(recover_page(write_run(out.path(), json::object())), HasSubstr("Run it again"));
  EXPECT_THAT(
      recover_page(write_run(out.path(), {{"<a>", {{"overlap2_mean", 7}}}, {"b", nullptr}})),
      Not(HasSubstr("<a>")));
}

class RecoverPageInABrowser : public testing::PageInABrowser {};

TEST_P(RecoverPageInABrowser, FitsItsWindow) {
  const auto folder =
      write_run(out(), {{"partial-trace", method(1.52, 1.5)}, {"sir", blind_method()}});
  write_report(folder);
  expect_sound(folder.report(), 0);
}

INSTANTIATE_TEST_SUITE_P(Widths, RecoverPageInABrowser, ::testing::Values(360, 1280));

}  // namespace
}  // namespace thalweg::report
