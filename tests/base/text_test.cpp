#include "thalweg/base/text.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

const std::vector<std::string> kOptions = {"learning-rate", "steps", "seed", "hidden-width"};

TEST(ClosestMatch, FindsTypingErrors) {
  EXPECT_EQ(closest_match("learning-rate", kOptions), "learning-rate");
  EXPECT_EQ(closest_match("lerning-rate", kOptions), "learning-rate");    // left out
  EXPECT_EQ(closest_match("learning-ratee", kOptions), "learning-rate");  // added
  EXPECT_EQ(closest_match("learnimg-rate", kOptions), "learning-rate");   // replaced
  EXPECT_EQ(closest_match("setps", kOptions), "steps");                   // swapped: one edit
  EXPECT_EQ(closest_match("Learning_Rate", kOptions), "learning-rate");
}

TEST(ClosestMatch, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(closest_match("momentum", kOptions), std::nullopt);
  EXPECT_EQ(closest_match("", kOptions), std::nullopt);
  EXPECT_EQ(closest_match("x", {}), std::nullopt);
  EXPECT_EQ(closest_match(std::string(1'000'000, 'x'), kOptions), std::nullopt);
}

TEST(ClosestMatch, PrefersTheNearest) {
  const std::vector<std::string> words = {"sharpen", "sharper"};
  EXPECT_EQ(closest_match("sharpper", words), "sharper");
}

TEST(DidYouMean, IsAHintOrNothing) {
  EXPECT_EQ(did_you_mean("sede", kOptions), " Did you mean 'seed'?");
  EXPECT_EQ(did_you_mean("momentum", kOptions), "");
}

TEST(RoundTrip, IsShortAndReadsBack) {
  EXPECT_EQ(round_trip(1), "1");
  EXPECT_EQ(round_trip(0.1), "0.1");
  EXPECT_EQ(round_trip(-2.5e-10), "-2.5e-10");
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const double value = std::ldexp(normal(Key{1}, i), static_cast<int>(i) - 500);
    EXPECT_EQ(parse_double(round_trip(value), "value"), value);
  }
}

TEST(RoundTrip, SpellsWhatIsNotFinite) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(round_trip(std::nan("")), "nan");
  EXPECT_EQ(round_trip(-std::nan("")), "nan");
  EXPECT_EQ(round_trip(kInfinity), "inf");
  EXPECT_EQ(round_trip(-kInfinity), "-inf");
}

TEST(Split, TrimsPartsAndKeepsEmptyOnes) {
  EXPECT_THAT(split("a, b ,,c", ','), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(split("a,", ','), ElementsAre("a", ""));
  EXPECT_THAT(split("alone", ','), ElementsAre("alone"));
  EXPECT_THAT(split("", ','), IsEmpty());
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join(std::vector<std::string>{"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(ParseDouble, ReadsWholeStrings) {
  EXPECT_EQ(parse_double("1e-3", "rate"), 1e-3);
  EXPECT_EQ(parse_double(" +2.5 ", "rate"), 2.5);
  EXPECT_EQ(parse_double("-inf", "rate"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(parse_double("nan", "rate")));
}

TEST(ParseDouble, QuotesWhatItCannotRead) {
  for (const char* const text : {"", " ", "abc", "1.5x", "1,5", "0x10", "+-1", "--1", "1 2"}) {
    EXPECT_THAT([&] { parse_double(text, "rate"); },
                ThrowsMessage<InvalidArgument>(testing::AllOf(
                    HasSubstr("[rate]"), HasSubstr("expected a number"), HasSubstr(text))))
        << text;
  }
  EXPECT_THAT([] { parse_double("1e999", "rate"); },
              ThrowsMessage<InvalidArgument>(HasSubstr("too large or too small")));
}

TEST(ParseCount, TakesSuffixes) {
  EXPECT_EQ(parse_count("10k", "steps"), 10000);
  EXPECT_EQ(parse_count(" 1.001k ", "steps"), 1001);
  EXPECT_EQ(parse_count("-2K", "steps"), -2000);
  EXPECT_EQ(parse_count("1.5M", "steps"), 1500000);
  EXPECT_EQ(parse_count("3G", "steps"), 3000000000);
  EXPECT_EQ(parse_count("9223372036854775807", "steps"), std::numeric_limits<std::int64_t>::max());
  for (const auto* wrong : {"k", "1.0001k", "k10", "1e99k", "10kk", "10m", "nank", "infk", ""}) {
    EXPECT_THROW(parse_count(wrong, "steps"), InvalidArgument) << wrong;
  }
}

TEST(ParseInt, ReadsWholeNumbersOnly) {
  EXPECT_EQ(parse_int("-12", "steps"), -12);
  EXPECT_EQ(parse_int("9223372036854775807", "steps"), std::numeric_limits<std::int64_t>::max());
  EXPECT_THROW(parse_int("1.5", "steps"), InvalidArgument);
  EXPECT_THROW(parse_int("9223372036854775808", "steps"), InvalidArgument);
}

TEST(ParseBool, KnowsTheUsualWords) {
  for (const char* const text : {"true", "Yes", "ON", "1"}) {
    EXPECT_TRUE(parse_bool(text, "quiet")) << text;
  }
  for (const char* const text : {"false", "no", "Off", "0"}) {
    EXPECT_FALSE(parse_bool(text, "quiet")) << text;
  }
  EXPECT_THROW(parse_bool("maybe", "quiet"), InvalidArgument);
}

}  // namespace
}  // namespace thalweg
