#include "thalweg/run/interrupt.hpp"

#include <csignal>
#include <optional>

#include <gtest/gtest.h>

#include "thalweg/base/error.hpp"

namespace thalweg::run {
namespace {

TEST(InterruptGuard, FirstSignalOnlySetsAFlag) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const InterruptGuard guard;
    EXPECT_FALSE(InterruptGuard::requested());
    std::raise(signal);
    EXPECT_TRUE(InterruptGuard::requested());
  }
}

TEST(InterruptGuard, ANewGuardStartsAfresh) {
  {
    const InterruptGuard guard;
    std::raise(SIGINT);
  }
  const InterruptGuard guard;
  EXPECT_FALSE(InterruptGuard::requested());
}

TEST(InterruptGuardDeathTest, SecondSignalEndsTheProgram) {
  const auto interrupt_twice = [](int first, int second) {
    const InterruptGuard guard;
    std::raise(first);
    std::raise(second);
  };
  EXPECT_EXIT(interrupt_twice(SIGINT, SIGINT), ::testing::ExitedWithCode(130), "Stopped at once");
  EXPECT_EXIT(interrupt_twice(SIGTERM, SIGINT), ::testing::ExitedWithCode(130), "Stopped at once");
}

TEST(InterruptGuardDeathTest, WithoutAGuardASignalKills) {
  const auto interrupt_after = [] {
    { const InterruptGuard guard; }
    std::raise(SIGTERM);
  };
  EXPECT_EXIT(interrupt_after(), ::testing::KilledBySignal(SIGTERM), "");
}

TEST(InterruptGuard, RefusesASecondGuard) {
  const InterruptGuard guard;
  EXPECT_THROW(InterruptGuard(), InternalError);
  std::raise(SIGINT);  // the first guard still works
  EXPECT_TRUE(InterruptGuard::requested());
}

}  // namespace
}  // namespace thalweg::run
