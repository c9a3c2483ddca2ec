#include "thalweg/index/label_transform.hpp"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "index/normal_scores.hpp"
#include "index/sample_table.hpp"
#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::index {
namespace {

// P(Z <= x) at these x is known to every table; the quantile must give x back.
TEST(NormalQuantile, InvertsTheNormalLaw) {
  for (const double x : {-8.0, -5.5, -1.959963984540054, -0.3, 0.0, 0.7, 2.5, 6.0}) {
    const double p = 0.5 * std::erfc(-x / std::sqrt(2));
    // 1 - p is known to eps only, and x to eps over the density there.
    const double rounding = 1e-16 / std::exp(-0.5 * x * x) * (x > 0 ? 10 : 0);
    EXPECT_NEAR(normal_quantile(p), x, 1e-12 + rounding) << x;
  }
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
}

TEST(NormalScores, ShareTheRanksOfTies) {
  const std::vector<double> y = {5, 1, 5, -2};
  const Vector scores = normal_scores(y);
  EXPECT_NEAR(scores[3], normal_quantile(0.125), 1e-14);
  EXPECT_NEAR(scores[1], normal_quantile(0.375), 1e-14);
  EXPECT_NEAR(scores[0], normal_quantile(0.75), 1e-14);
  EXPECT_EQ(scores[0], scores[2]);
}

TEST(LabelTransforms, AreBoundedAndStandardised) {
  Vector y = normal_matrix(2000, 1, Key{91});
  y = y.array().pow(5);  // heavy tails: 945 deviations are possible
  const auto transforms = label_transforms(y, Key{1});
  EXPECT_EQ(transforms.size(), 11);
  for (const auto& transform : transforms) {
    EXPECT_NEAR(transform.values.mean(), 0, 1e-12) << transform.name;
    EXPECT_NEAR(transform.values.squaredNorm() / 2000, 1, 1e-12) << transform.name;
    EXPECT_LT(transform.values.cwiseAbs().maxCoeff(), 8) << transform.name;
  }
}

TEST(LabelTransforms, OfTwoValuesIsOne) {
  const auto transforms = label_transforms(Eigen::Vector4d(2, 7, 7, 2), Key{1});
  ASSERT_EQ(transforms.size(), 1);
  EXPECT_EQ(transforms[0].values, Eigen::Vector4d(-1, 1, 1, -1));
}

TEST(LabelTransforms, NeedAResponseThatVaries) {
  EXPECT_EQ(testing::message_of<InvalidArgument>([] { label_transforms(Vector::Ones(5), Key{}); }),
            "[index::label_transforms] the response does not vary, so that no direction can drive "
            "it.");
}

// y = h_4(z) / sqrt(24) has no order-2 coefficient; some transforms of it have: generative
// exponent 2. A chosen T must show there with most of what lambda_2 = 0.880 allows.
TEST(BestLabelTransform, FindsWhatTheRawLabelHides) {
  const Eigen::Index n = 4000, d = 10;
  const SampleTable table(n, d, Key{92}, [](const double* x) {
    const double z = x[0];
    return (z * z * z * z - 6 * z * z + 3) / std::sqrt(24);
  });
  const auto coefficient = [&](const Vector& t) {  // of h_2, error 1 / sqrt(n) = 0.016
    return (t.array() * (table.x().col(0).array().square() - 1)).mean() / std::sqrt(2);
  };
  Vector raw = table.y().array() - table.y().mean();
  raw /= std::sqrt(raw.squaredNorm() / static_cast<double>(n));
  const LabelTransform best = best_label_transform(2, table.x(), table.y(), Key{1});
  EXPECT_GT(std::abs(coefficient(best.values)), 0.5) << best.name;
}

}  // namespace
}  // namespace thalweg::index
