#include "thalweg/index/estimators.hpp"

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::index {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::message_of;

TEST(Estimators, CallThemselvesAsTheyAreCalled) {
  for (const auto& name : estimator_names()) EXPECT_EQ(make_estimator(name)->name(), name);
}

TEST(Estimators, SuggestTheNearestName) {
  EXPECT_THAT(message_of<InvalidArgument>([] { make_estimator("olz"); }),
              HasSubstr("Did you mean 'ols'?"));
}

}  // namespace
}  // namespace thalweg::index
