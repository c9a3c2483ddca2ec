#include "thalweg/report/series_chart.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace thalweg::report {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;

std::vector<double> counting(std::size_t rows) {
  std::vector<double> out(rows);
  std::iota(out.begin(), out.end(), 0.0);
  return out;
}

SeriesChart chart_of(std::vector<double> values) {
  SeriesChart chart;
  chart.x = counting(values.size());
  chart.traces.push_back({.name = "a", .columns = {std::move(values)}});
  return chart;
}

TEST(RunInk, BeginsAgainAfterTheLast) {
  EXPECT_EQ(ink_name(run_ink(0)), "run-1");
  EXPECT_EQ(ink_name(run_ink(kRunInks - 1)), "run-8");
  EXPECT_EQ(run_ink(kRunInks), run_ink(0));
}

TEST(DownSample, LeavesSmallChartsAlone) {
  const SeriesChart chart = down_sample(chart_of(counting(4000)));
  EXPECT_EQ(chart.x.size(), 4000U);
  EXPECT_EQ(chart.traces[0].columns[0], counting(4000));
}

TEST(DownSample, KeepsEverySpikeUpAndDown) {
  std::vector<double> values(100001, 1.0);
  values[31415] = 900;
  values[27182] = -900;
  const SeriesChart chart = down_sample(chart_of(values), 1000);
  EXPECT_LE(chart.x.size(), 1000U);
  EXPECT_THAT(chart.traces[0].columns[0], Contains(900));
  EXPECT_THAT(chart.traces[0].columns[0], Contains(-900));
}

TEST(DownSample, KeepsTheSpanAndTheOrderOfPositions) {
  const SeriesChart chart = down_sample(chart_of(counting(10007)), 500);
  EXPECT_EQ(chart.x.front(), 0);
  EXPECT_EQ(chart.x.back(), 10006);
  EXPECT_TRUE(std::is_sorted(chart.x.begin(), chart.x.end()));
  // A rising line must still rise: within a bucket the extremes stay in the order in which they
  // came.
  const auto& line = chart.traces[0].columns[0];
  EXPECT_TRUE(std::is_sorted(line.begin(), line.end()));
}

TEST(DownSample, KeepsGapsAndIgnoresNaNBesideNumbers) {
  std::vector<double> values(8000, NAN);
  for (std::size_t i = 4000; i < 8000; i += 3) values[i] = 5;
  const SeriesChart chart = down_sample(chart_of(values), 800);
  const auto& line = chart.traces[0].columns[0];
  EXPECT_TRUE(std::isnan(line[100]));
  EXPECT_THAT(std::vector<double>(line.begin() + 400, line.end()), Each(5));
}

TEST(DownSample, AcceptsColumnsShorterThanTheChart) {
  SeriesChart chart = chart_of(counting(9000));
  chart.traces[0].columns[0].resize(100);
  const SeriesChart small = down_sample(chart, 900);
  EXPECT_EQ(small.traces[0].columns[0].size(), small.x.size());
  EXPECT_TRUE(std::isnan(small.traces[0].columns[0].back()));
}

TEST(DownSample, WidensABandToItsExtremes) {
  SeriesChart chart;
  chart.x = counting(5000);
  std::vector<double> low(5000, -1), high(5000, 1);
  low[1001] = -7;
  high[1002] = 8;
  chart.traces.push_back({.name = "band", .columns = {low, high}, .band = true});
  const SeriesChart small = down_sample(chart, 10);
  EXPECT_THAT(small.traces[0].columns[0], ElementsAre(-1, -1, -7, -7, -1, -1, -1, -1, -1, -1));
  EXPECT_THAT(small.traces[0].columns[1], ElementsAre(1, 1, 8, 8, 1, 1, 1, 1, 1, 1));
}

TEST(ChartJson, WritesGapsAsNullAndSevenDigits) {
  const auto json = chart_json(chart_of({1.0 / 3, NAN, INFINITY}));
  EXPECT_EQ(json["traces"][0]["columns"][0].dump(), "[0.3333333,null,null]");
  EXPECT_EQ(json["x"].dump(), "[0.0,1.0,2.0]");
  EXPECT_FALSE(json.contains("reference"));
}

TEST(ChartJson, PadsShortColumnsWithNull) {
  SeriesChart chart = chart_of({1, 2, 3});
  chart.traces[0].columns[0].resize(1);
  EXPECT_EQ(chart_json(chart)["traces"][0]["columns"][0].dump(), "[1.0,null,null]");
}

TEST(Smoothed, KeepsAConstantUpToItsEndsAndGaps) {
  std::vector<double> values(100, 3.0);
  values[50] = NAN;
  const auto smooth = smoothed(values, 24);
  EXPECT_TRUE(std::isnan(smooth[50]));
  for (std::size_t i = 0; i < smooth.size(); ++i) {
    if (i == 50) continue;
    EXPECT_NEAR(smooth[i], 3.0, 1e-12) << i;
  }
}

TEST(Smoothed, LeavesRowsBeforeTheFirstOut) {
  std::vector<double> values(60, 1000.0);
  std::fill(values.begin() + 20, values.end(), 1.0);
  const auto smooth = smoothed(values, 12, 20);
  EXPECT_TRUE(std::isnan(smooth[19]));
  EXPECT_NEAR(smooth[20], 1.0, 1e-12);
}

TEST(Smoothed, AveragesAnAlternationAway) {
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(i % 2 == 0 ? 1 : -1);
  const auto smooth = smoothed(values, 60);
  EXPECT_LT(std::abs(smooth[100]), 1e-3);
}

}  // namespace
}  // namespace thalweg::report
