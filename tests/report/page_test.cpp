#include "thalweg/report/page.hpp"

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SeriesChart small_chart() {
  return {.title = "A </script> title",
          .quantity = "q",
          .x = {0, 1, 2},
          .traces = {{.name = "<script>alert(1)</script>", .columns = {{1, 2, 3}}}}};
}

/// Sets the chart library's path for one test.
class Dygraphs {
 public:
  explicit Dygraphs(const char* path) { setenv("THALWEG_DYGRAPHS", path, 1); }
  ~Dygraphs() { unsetenv("THALWEG_DYGRAPHS"); }
  Dygraphs(const Dygraphs&) = delete;
  Dygraphs& operator=(const Dygraphs&) = delete;
};

TEST(Page, EscapesEveryText) {
  const std::string evil = "<script>alert(1)</script>";
  Page page(evil, evil);
  page.lead(evil);
  page.metadata({{evil, evil}});
  page.tiles({{evil, evil, evil}});
  page.section(evil);
  page.paragraph(evil);
  page.callout(Tone::kFair, evil, {evil});
  page.table({.caption = evil, .head = {evil}, .rows = {{evil, evil}}});
  page.chart(small_chart());
  page.collapsed(evil, evil);
  page.footer(evil);
  EXPECT_THAT(page.html(), Not(HasSubstr("<script>alert")));
}

TEST(Page, LoadsNothing) {
  Page page("t", "e");
  page.chart(small_chart());
  const std::string html = page.html();
  for (const char* loader : {"<link", "@import", " src=", "url(", "fetch(", "XMLHttpRequest"}) {
    EXPECT_THAT(html.substr(0, html.find("thalweg-charts")), Not(HasSubstr(loader))) << loader;
  }
}

TEST(Page, FallsBackToStillPicturesWithoutTheLibraryAndSaysSo) {
  const Dygraphs absent("/nowhere/dygraph.js");
  Page page("t", "e");
  page.chart(small_chart());
  const std::string html = page.html();
  EXPECT_THAT(html, HasSubstr("/nowhere/dygraph.js"));
  EXPECT_THAT(html, HasSubstr("<svg viewBox"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST(Page, KeysOfStillPicturesNameOnlyWhatIsDrawn) {
  const Dygraphs absent("/nowhere/dygraph.js");
  SeriesChart chart = small_chart();
  chart.traces.push_back({.name = "hidden line", .columns = {{1, 2, 3}}, .visible = false});
  Page page("t", "e");
  page.chart(chart);
  EXPECT_THAT(page.html(), Not(HasSubstr("hidden line")));
}

TEST(Page, LeavesEmptyChartsOut) {
  Page page("t", "e");
  page.chart({});
  page.small_multiples({});
  EXPECT_THAT(page.html(), Not(HasSubstr("<figure")));
}

TEST(Page, OffersALogAxisOnlyWhereNothingIsNegative) {
  Page page("t", "e");
  SeriesChart chart = small_chart();
  page.chart(chart);
  EXPECT_THAT(page.html(), HasSubstr("data-action=\"log\""));
  chart.traces[0].columns[0][1] = -1;
  Page other("t", "e");
  other.chart(chart);
  EXPECT_THAT(other.html(), Not(HasSubstr("data-action=\"log\"")));
}

}  // namespace
}  // namespace thalweg::report
