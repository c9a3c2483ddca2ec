#include "thalweg/dynamics/schedule.hpp"

#include <gtest/gtest.h>

#include "thalweg/base/error.hpp"

namespace thalweg::dynamics {
namespace {

TEST(Schedule, WarmsUpLinearly) {
  const Schedule schedule = Schedule::parse("linear-warmup:4");
  EXPECT_EQ(schedule.factor(1), 0.25);
  EXPECT_EQ(schedule.factor(4), 1);
  EXPECT_EQ(schedule.factor(9), 1);
}

TEST(Schedule, DecaysAlongACosineAndStaysPositive) {
  const Schedule schedule = Schedule::parse("cosine:100");
  EXPECT_EQ(schedule.factor(1), 1);
  EXPECT_NEAR(schedule.factor(51), 0.5, 1e-4);
  EXPECT_NEAR(schedule.factor(101), 1e-4, 1e-12);
  EXPECT_NEAR(schedule.factor(500), 1e-4, 1e-12);
}

TEST(Schedule, SlopeIsTheDerivative) {
  for (const char* text : {"constant", "linear-warmup:7", "cosine:20"}) {
    const Schedule schedule = Schedule::parse(text);
    for (const double t : {1.5, 3.25, 6.5, 12.0, 30.0}) {
      const double h = 1e-6;
      EXPECT_NEAR(
          schedule.slope(t), (schedule.factor(t + h) - schedule.factor(t - h)) / (2 * h), 1e-8)
          << text << " " << t;
    }
  }
}

TEST(Schedule, SaysWhatParseReads) {
  for (const char* text : {"constant", "linear-warmup:7", "cosine:20"})
    EXPECT_EQ(Schedule::parse(text).description(), text);
}

TEST(Schedule, RefusesOtherForms) {
  for (const char* text : {"", "cosine", "cosine:0", "linear:5", "cosine:x", "constant:3"})
    EXPECT_THROW(Schedule::parse(text), InvalidArgument) << text;
}

}  // namespace
}  // namespace thalweg::dynamics
