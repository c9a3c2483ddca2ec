#include "thalweg/report/spectrum_page.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/browser.hpp"
#include "report/synthetic_run.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/report/report.hpp"

namespace thalweg::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using thalweg::testing::TemporaryFolder;

TEST(SpectrumPage, ShowsEigenvaluesDensityAndLayers) {
  const TemporaryFolder out;
  const auto folder = testing::write_spectrum_run(out.path(), "s");
  const std::string html = spectrum_page(folder);
  EXPECT_THAT(html, HasSubstr("19.62"));
  EXPECT_THAT(html, HasSubstr("91.3 ± 1.7"));
  EXPECT_THAT(html, HasSubstr("output_projection.weight"));
  EXPECT_THAT(html, HasSubstr("largest in <strong>0.weight</strong>"));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(SpectrumPage, ShowsARunThatHasOnlyNulls) {
  const TemporaryFolder out;
  const auto folder = run::RunFolder::create(out.path(), "s", false);
  folder.write_summary({{"command", "spectrum"},
                        {"results",
                         {{"eigenvalues", {nullptr, 2.0}},
                          {"trace", nullptr},
                          {"layers", {{{"name", "<a>"}, {"trace", nullptr}}}}}}});
  const std::string html = spectrum_page(folder);
  EXPECT_THAT(html, HasSubstr("n/a"));
  EXPECT_THAT(html, Not(HasSubstr("<a>")));
}

class SpectrumPageInABrowser : public testing::PageInABrowser {};

TEST_P(SpectrumPageInABrowser, FitsItsWindow) {
  const auto folder = testing::write_spectrum_run(out(), "s");
  write_report(folder);
  expect_sound(folder.report(), 0);
}

INSTANTIATE_TEST_SUITE_P(Widths, SpectrumPageInABrowser, ::testing::Values(360, 1280));

}  // namespace
}  // namespace thalweg::report
