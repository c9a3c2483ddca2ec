#include "thalweg/base/progress.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

TEST(DurationText, ChoosesTheUnit) {
  EXPECT_EQ(duration_text(0), "0.0 s");
  EXPECT_EQ(duration_text(4.21), "4.2 s");
  EXPECT_EQ(duration_text(59.94), "59.9 s");
  EXPECT_EQ(duration_text(200), "3 min 20 s");
  EXPECT_EQ(duration_text(3840), "1 h 04 min");
  EXPECT_EQ(duration_text(93'600), "1 d 02 h");
}

TEST(DurationText, CarriesRoundingIntoTheNextUnit) {
  EXPECT_EQ(duration_text(59.96), "1 min 00 s");
  EXPECT_EQ(duration_text(119.6), "2 min 00 s");
  EXPECT_EQ(duration_text(3599.6), "1 h 00 min");
  EXPECT_EQ(duration_text(86'399), "1 d 00 h");
}

TEST(DurationText, AdmitsIgnorance) {
  EXPECT_EQ(duration_text(-1), "0.0 s");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "unknown time");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::quiet_NaN()), "unknown time");
}

TEST(Progress, EndsWithOnePlainLineOffATerminal) {
  CaptureStderr();
  {
    Progress progress("steps", 1000);
    for (int i = 1; i <= 1000; ++i) {
      progress.update(i, "loss 0.5");
    }
    progress.finish();
  }
  // Shorter than the first interval: no line but the last, and no control characters.
  EXPECT_THAT(GetCapturedStderr(),
              testing::MatchesRegex("steps 1000/1000 in [0-9.]+ s, loss 0\\.5\n"));
}

TEST(Progress, SaysHowFarItCameWhenStopped) {
  CaptureStderr();
  {
    Progress progress("steps", 1000, 100);
    progress.update(250);
  }
  EXPECT_THAT(GetCapturedStderr(), testing::MatchesRegex("steps 250/1000 in [0-9.]+ s\n"));
}

TEST(Progress, SaysNothingWhenQuietOrUnused) {
  CaptureStderr();
  {
    Progress quiet("steps", 10, 0, true);
    quiet.update(10);
    const Progress unused("steps", 10);
  }
  EXPECT_EQ(GetCapturedStderr(), "");
}

}  // namespace
}  // namespace thalweg
