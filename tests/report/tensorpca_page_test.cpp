#include "thalweg/report/tensorpca_page.hpp"

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

/// A method that needs `prefactor` d^`exponent` in d = 16 and 32, raced at three sizes.
json method(double prefactor, double exponent, double theory) {
  json result = {{"exponent", exponent},
                 {"exponent_se", 0.1},
                 {"log_prefactor", std::log(prefactor)},
                 {"curvature", 0.3},
                 {"theory", theory}};
  for (const double d : {16.0, 32.0}) {
    result["overlap2_mean"].push_back({0.3, 0.5, 0.8});
    result["overlap2_se"].push_back({0.05, 0.05, 0.02});
    result["samples_to_half"].push_back(prefactor * std::pow(d, exponent));
    result["samples_to_half_log_se"].push_back(0.1);
  }
  return result;
}

json results(int order, json methods) {
  return {{"order", order},
          {"average", "iterates"},
          {"refine", false},
          {"seeds", 12},
          {"dimensions", {16, 32}},
          {"samples", {{20, 40, 80}, {80, 160, 320}}},
          {"methods", std::move(methods)}};
}

run::RunFolder write_run(const std::filesystem::path& out, const json& results) {
  auto folder = run::RunFolder::create(out, "r", true);
  folder.write_summary({{"command", "tensorpca"}, {"status", "done"}, {"results", results}});
  write_atomically(folder.config(), "command = \"tensorpca\"\n");
  return folder;
}

json all_methods() {
  return {{"langevin-average", method(0.24, 2, 2)},
          {"partial-trace", method(0.3, 2, 2)},
          {"power", method(0.8, 1.2, 2)},
          {"unfolding", method(0.5, 1.5, 1.5)}};
}

TEST(TensorpcaPage, SaysWhatIsHiddenWhoLooksAndWhatWasFound) {
  const TemporaryFolder out;
  const std::string html = tensorpca_page(write_run(out.path(), results(3, all_methods())));
  EXPECT_THAT(html, HasSubstr("Spiked tensors of order 3"));
  EXPECT_THAT(html, HasSubstr("Y = w⊗w⊗w + G/√n"));
  EXPECT_THAT(html, HasSubstr("the time average of θ itself"));
  EXPECT_THAT(html, HasSubstr("until a vector is left"));
  EXPECT_THAT(html, HasSubstr("ten random starts"));
  EXPECT_THAT(html, HasSubstr("d by d²"));
  EXPECT_THAT(html, HasSubstr("d^1.5"));
  EXPECT_THAT(html, HasSubstr("Samples at overlap² = 1/2"));
  EXPECT_THAT(html, HasSubstr("needs 0.8 to 0.8 times as large an n"));
  EXPECT_THAT(html, HasSubstr("<strong>power</strong> counts one start"));
  EXPECT_THAT(html, HasSubstr("-8.0 standard errors"));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(TensorpcaPage, FollowsTheOrderAndTheOptions) {
  const TemporaryFolder out;
  json even = results(4, all_methods());
  even["average"] = "gradients";
  even["refine"] = true;
  const std::string html = tensorpca_page(write_run(out.path(), even));
  EXPECT_THAT(html, HasSubstr("Y = w⊗w⊗w⊗w + G/√n"));
  EXPECT_THAT(html, HasSubstr("leading eigenvector of the time average of θbᵀ + bθᵀ"));
  EXPECT_THAT(html, HasSubstr("until a matrix is left, then power iterations"));
  EXPECT_THAT(html, HasSubstr("d² by d²"));
}

TEST(TensorpcaPage, KeepsToWhatWasRaced) {
  const TemporaryFolder out;
  const std::string html =
      tensorpca_page(write_run(out.path(), results(3, {{"power", method(0.1, 2.1, 2)}})));
  EXPECT_THAT(html, Not(HasSubstr("one estimator")));
  EXPECT_THAT(html, Not(HasSubstr("counts one start")));
  EXPECT_THAT(html, Not(HasSubstr("unfolding</")));
}

TEST(TensorpcaPage, DoesNotJudgeWhatWasInterrupted) {
  const TemporaryFolder out;
  json begun = method(0.3, 2, 2), waiting = begun;
  begun["overlap2_mean"][1] = {nullptr, nullptr, nullptr};
  waiting["overlap2_mean"][0] = waiting["overlap2_mean"][1] = begun["overlap2_mean"][1];
  for (json* one : {&begun, &waiting})
    for (const char* key : {"samples_to_half", "samples_to_half_log_se"})
      (*one)[key] = one == &begun ? json{77, nullptr} : json{nullptr, nullptr};
  for (json* one : {&begun, &waiting})
    for (const char* key : {"exponent", "exponent_se"}) (*one)[key] = nullptr;
  const std::string html = tensorpca_page(
      write_run(out.path(), results(3, {{"partial-trace", begun}, {"unfolding", waiting}})));
  EXPECT_THAT(html, HasSubstr("<strong>partial-trace</strong> has not been run in every dim"));
  EXPECT_THAT(html, HasSubstr("<strong>unfolding</strong> has not been run in every dimension"));
  EXPECT_THAT(html, HasSubstr("unfinished"));
  EXPECT_THAT(html, Not(HasSubstr("give it more")));
  EXPECT_THAT(html, Not(HasSubstr("n/a")));
}

TEST(TensorpcaPage, ShowsARunThatHasAlmostNothing) {
  const TemporaryFolder out;
  EXPECT_THAT(tensorpca_page(write_run(out.path(), json::object())), HasSubstr("Run it again"));
  EXPECT_THAT(tensorpca_page(write_run(
                  out.path(), results(7, {{"<a>", {{"overlap2_mean", 7}}}, {"power", nullptr}}))),
              Not(HasSubstr("<a>")));
}

class TensorpcaPageInABrowser : public testing::PageInABrowser {};

TEST_P(TensorpcaPageInABrowser, FitsItsWindow) {
  const auto folder = write_run(out(), results(5, all_methods()));
  write_report(folder);
  expect_sound(folder.report(), 0);
}

INSTANTIATE_TEST_SUITE_P(Widths, TensorpcaPageInABrowser, ::testing::Values(360, 1280));

}  // namespace
}  // namespace thalweg::report
