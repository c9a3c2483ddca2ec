#include "thalweg/estimation/sample_sizes.hpp"

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::estimation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using thalweg::testing::message_of;

TEST(GeometricSizes, HaveTwoDigitsAndReachTheEnd) {
  EXPECT_THAT(geometric_sizes(100, 1000, 1.5), ElementsAre(100, 150, 230, 340, 510, 760, 1100));
  EXPECT_THAT(geometric_sizes(5, 5, 2), ElementsAre(5));
}

TEST(GeometricSizes, AreDistinctWhereTheyAreSmall) {
  EXPECT_THAT(geometric_sizes(1, 4, 1.3), ElementsAre(1, 2, 3, 4));
}

TEST(GeometricSizes, RefuseWhatNeverEnds) {
  for (const auto& [from, to, ratio] :
       {std::tuple(0.0, 10.0, 2.0), {10.0, 5.0, 2.0}, {1.0, 10.0, 1.0}, {1.0, 1e300, 2.0}}) {
    EXPECT_THAT(message_of<InvalidArgument>([&] { geometric_sizes(from, to, ratio); }),
                HasSubstr("ratio of 1.1 or more"));
  }
}

}  // namespace
}  // namespace thalweg::estimation
