#include "thalweg/base/system.hpp"

#include <cstddef>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

TEST(AvailableProcessors, FollowsTheAffinity) {
  EXPECT_GE(available_processors(), 1);
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
    }
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(available_processors(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

TEST(SetBlasThreads, SaysWhetherABlasIsLoaded) {
  EXPECT_FALSE(set_blas_threads(2));  // this program links none
  EXPECT_THROW(set_blas_threads(0), InvalidArgument);
}

TEST(PeakMemory, GrowsWithUse) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const std::int64_t before = peak_memory_bytes();
  const std::vector<char> used(kBytes, 1);
  EXPECT_GT(before, 0);
  EXPECT_GE(peak_memory_bytes(), static_cast<std::int64_t>(kBytes)) << used.back();
}

TEST(ParseSize, UnderstandsDecimalAndBinaryUnits) {
  EXPECT_EQ(parse_size("4GB"), 4'000'000'000);
  EXPECT_EQ(parse_size("512 MiB"), 512LL << 20);
  EXPECT_EQ(parse_size("2e9"), 2'000'000'000);
  EXPECT_EQ(parse_size("1.5G"), 3LL << 29);
  EXPECT_EQ(parse_size("10kB"), 10'000);
  EXPECT_EQ(parse_size("10 k"), 10'240);
  EXPECT_EQ(parse_size("1TiB"), 1LL << 40);
  EXPECT_EQ(parse_size("7 B"), 7);
  EXPECT_EQ(parse_size("0"), 0);
}

TEST(ParseSize, NamesTheFormsItUnderstands) {
  for (const char* const text :
       {"", "GB", "4 XB", "-1GB", "4GBs", "nan", "inf", "1e30", "4 G B", "0x10", "9e18GB"}) {
    EXPECT_THAT([&] { parse_size(text); },
                testing::ThrowsMessage<InvalidArgument>(testing::HasSubstr("512 MiB")))
        << text;
  }
}

TEST(SizeText, HasThreeSignificantUnits) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1000), "1.00 kB");
  EXPECT_EQ(size_text(1.5e9), "1.50 GB");
  EXPECT_EQ(size_text(999'999), "1.00 MB");
  EXPECT_EQ(size_text(2.5e18), "2500.00 PB");
}

}  // namespace
}  // namespace thalweg
