#include "thalweg/spectrum/tracker.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "support/prescribed_spectrum.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/system.hpp"

namespace thalweg::spectrum {
namespace {

using testing::PrescribedSpectrum;
using testing::random_block;
using testing::with_bulk;

constexpr std::int64_t kDimension = 400;

class TrackerTest : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  TrackerTest() {
    at::set_num_threads(1);
    set_blas_threads(1);
  }
  double tolerance() const { return GetParam() == at::kFloat ? 3e-6 : 1e-9; }
  Tracker tracker(TrackerOptions options = {}) const {
    options.tolerance = tolerance();
    options.max_iterations = 300;  // from a random start, for a pair at the edge of the bulk
    options.key = Key{11};
    return {kDimension, at::TensorOptions().dtype(GetParam()), options};
  }
};

/// Eigenvalues `leading` above a bulk on [-0.2, 0.8], always in the same directions.
PrescribedSpectrum levels(std::vector<double> leading) {
  const auto rest = kDimension - static_cast<std::int64_t>(leading.size());
  return PrescribedSpectrum(with_bulk(std::move(leading), rest, -0.2, 0.8), Key{21});
}

/// The operator with the eigenvalue lambda[i] along direction i of a fixed basis: what levels()
/// cannot do, since it sorts. The bulk is that of levels().
class MovingLevels {
 public:
  explicit MovingLevels(std::int64_t count)
      : basis_(levels({9, 8, 7, 6}).leading(count)), bulk_(levels({0.3, 0.3, 0.3, 0.3})) {}
  LinearOperator at_values(const std::vector<double>& lambda) const {
    return [this, lambda](const at::Tensor& v) {
      const at::Tensor u = basis_.to(v.scalar_type());
      const at::Tensor shift = at::tensor(lambda, at::kDouble).to(v.scalar_type()).unsqueeze(1);
      const at::Tensor inside = u.t().mm(v);
      const at::Tensor outside = v - u.mm(inside);
      const at::Tensor image = bulk_(outside);
      return image - u.mm(u.t().mm(image)) + u.mm(shift * inside);
    };
  }

 private:
  at::Tensor basis_;
  PrescribedSpectrum bulk_;
};

double value(const EigenPairs& pairs, std::int64_t i) { return pairs.values[i].item<double>(); }

TEST_P(TrackerTest, GrowsUntilOnePairLiesBelowTheThreshold) {
  const PrescribedSpectrum a = levels({2.2, 2.0, 1.9, 1.6, 1.2});
  Tracker t = tracker();
  const EigenPairs& pairs = t.update(a);
  ASSERT_EQ(pairs.status, Status::kConverged) << pairs.message;
  ASSERT_EQ(pairs.values.size(0), 5);
  EXPECT_FALSE(t.truncated());
  for (std::int64_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(value(pairs, i), a.eigenvalue(i), 5 * tolerance());
  }
  EXPECT_EQ(t.operator_columns(), pairs.operator_columns);
}

TEST_P(TrackerTest, AnUnchangedOperatorCostsOneProductAColumn) {
  const PrescribedSpectrum a = levels({2.2, 2.0, 1.2});
  Tracker t = tracker({.guards = 1});
  t.update(a);
  const auto& again = t.update(a);
  EXPECT_EQ(again.iterations, 0);
  EXPECT_EQ(again.operator_columns, 4);  // three wanted pairs and a guard
}

TEST_P(TrackerTest, SaysWhenMoreLieAboveThanItMayReport) {
  const PrescribedSpectrum a = levels({2.4, 2.2, 2.0, 1.8});
  Tracker t = tracker({.maximum = 2});
  EXPECT_EQ(t.update(a).values.size(0), 2);
  EXPECT_TRUE(t.truncated());
  t = tracker({.maximum = 4});
  EXPECT_EQ(t.update(a).values.size(0), 4);
  EXPECT_FALSE(t.truncated());
}

TEST_P(TrackerTest, FollowsTwoLevelsThroughACrossing) {
  const MovingLevels family(2);
  Tracker t = tracker();
  for (int step = 0; step < 200; ++step) {
    const double s = step / 199.0;
    const double falling = 2.4 - 0.7 * s;
    const double rising = 1.7 + 0.7 * s;
    const auto& pairs = t.update(family.at_values({falling, rising}));
    ASSERT_EQ(pairs.status, Status::kConverged) << "step " << step << ": " << pairs.message;
    ASSERT_EQ(pairs.values.size(0), 3);
    ASSERT_NEAR(value(pairs, 0), std::max(falling, rising), 3 * tolerance()) << "step " << step;
    ASSERT_NEAR(value(pairs, 1), std::min(falling, rising), 3 * tolerance()) << "step " << step;
  }
}

TEST_P(TrackerTest, ReportedPairCrossesWithItsGuard) {
  const MovingLevels family(2);
  Tracker t = tracker({.threshold = 10});
  for (int step = 0; step < 100; ++step) {
    const double s = step / 99.0;
    const std::vector<double> lambda{2.4 - 0.7 * s, 1.7 + 0.7 * s};
    const auto& pairs = t.update(family.at_values(lambda));
    ASSERT_EQ(pairs.values.size(0), 1);
    if (step > 0 && step % 25 == 0) {  // a probe has just looked
      EXPECT_NEAR(value(pairs, 0), std::max(lambda[0], lambda[1]), 3 * tolerance()) << step;
    }
  }
}

TEST_P(TrackerTest, FindsADirectionThatRisesFromTheBulk) {
  const MovingLevels family(2);
  Tracker t = tracker({.guards = 0, .probe_every = 10});
  t.update(family.at_values({1.2, 0.1}));
  int found_after = 0;
  for (int step = 1; step <= 10 && found_after == 0; ++step) {
    const auto& pairs = t.update(family.at_values({1.2, 1.8}));
    if (value(pairs, 0) > 1.7) {
      found_after = step;
      EXPECT_NEAR(value(pairs, 0), 1.8, 3 * tolerance());
      EXPECT_EQ(pairs.values.size(0), 2);
    }
  }
  EXPECT_GT(found_after, 0);
}

TEST_P(TrackerTest, ShrinksAfterAQuietPeriodOnly) {
  const MovingLevels family(4);
  Tracker t = tracker({.probe_every = 5});
  EXPECT_EQ(t.update(family.at_values({2.3, 2.1, 1.9, 1.2})).values.size(0), 4);
  for (int step = 0; step < 5; ++step) {
    EXPECT_EQ(t.update(family.at_values({2.3, 1.3, 1.1, 1.2})).values.size(0), 4) << step;
  }
  const auto& pairs = t.update(family.at_values({2.3, 1.3, 1.1, 1.2}));
  EXPECT_EQ(pairs.values.size(0), 2);
  EXPECT_NEAR(value(pairs, 1), 1.3, 3 * tolerance());
}

TEST_P(TrackerTest, KeepsAtLeastTheMinimum) {
  const PrescribedSpectrum a = levels({1.2, 1.1, 1.0});
  Tracker t = tracker({.minimum = 3, .probe_every = 2});
  for (int step = 0; step < 6; ++step) {
    EXPECT_EQ(t.update(a).values.size(0), 3);
  }
}

TEST_P(TrackerTest, VectorsKeepTheirSigns) {
  const MovingLevels family(2);
  Tracker t = tracker();
  at::Tensor before = t.update(family.at_values({2.4, 1.8})).vectors.clone();
  for (int step = 1; step < 60; ++step) {
    const auto& pairs = t.update(family.at_values({2.4 - 0.005 * step, 1.8 + 0.003 * step}));
    const at::Tensor overlap = (before * pairs.vectors).sum(0);
    EXPECT_GT(overlap.narrow(0, 0, 2).min().item<double>(), 0) << step;
    before = pairs.vectors.clone();
  }
}

TEST_P(TrackerTest, ResumesWithIdenticalBits) {
  const MovingLevels family(3);
  const auto operator_at = [&](int step) {
    return family.at_values({1.4 + 0.02 * step, 2.2 - 0.01 * step, 1.1 + 0.03 * step});
  };
  Tracker whole = tracker({.probe_every = 4});
  for (int step = 0; step < 10; ++step) {
    whole.update(operator_at(step));
  }
  Tracker resumed = tracker({.probe_every = 4});
  resumed.set_state(whole.state());
  EXPECT_EQ(resumed.state(), whole.state());
  EXPECT_TRUE(at::equal(resumed.pairs().vectors, whole.pairs().vectors));
  for (int step = 10; step < 30; ++step) {
    whole.update(operator_at(step));
    resumed.update(operator_at(step));
    ASSERT_EQ(resumed.state(), whole.state()) << "step " << step;
  }
}

TEST_P(TrackerTest, TheStateOfAFreshTrackerIsAState) {
  const PrescribedSpectrum a = levels({2.2});
  Tracker t = tracker();
  Tracker copy = tracker();
  copy.set_state(t.state());
  t.update(a);
  copy.update(a);
  EXPECT_EQ(copy.state(), t.state());
}

TEST_P(TrackerTest, RefusesTheStateOfAnotherProblem) {
  Tracker t = tracker();
  t.update(levels({2.2}));
  Tracker other(kDimension + 1, at::TensorOptions().dtype(GetParam()), {});
  EXPECT_THROW(other.set_state(t.state()), InvalidArgument);
  const auto other_dtype = GetParam() == at::kFloat ? at::kDouble : at::kFloat;
  Tracker converted(kDimension, at::TensorOptions().dtype(other_dtype), {});
  EXPECT_THROW(converted.set_state(t.state()), InvalidArgument);
  NamedArrays state = t.state();
  state.erase("block");
  EXPECT_THROW(t.set_state(state), InvalidArgument);
}

TEST_P(TrackerTest, AFailingOperatorLeavesItAsItWas) {
  const PrescribedSpectrum a = levels({2.2, 1.9});
  Tracker t = tracker();
  t.update(a);
  const NamedArrays before = t.state();
  EXPECT_THROW(t.update([](const at::Tensor& v) { return v / 0; }), NonFinite);
  EXPECT_EQ(t.state(), before);
}

INSTANTIATE_TEST_SUITE_P(Dtypes,
                         TrackerTest,
                         ::testing::Values(at::kFloat, at::kDouble),
                         [](const auto& dtype) { return std::string(toString(dtype.param)); });

TEST(Tracker, WorksInDimensionsTooSmallForABlock) {
  for (const std::int64_t n : {1, 2, 3, 6}) {
    std::vector<double> eigenvalues(static_cast<std::size_t>(n), 2.0);
    eigenvalues.back() = 1;
    const PrescribedSpectrum a(eigenvalues, Key{1});
    Tracker t(n, at::TensorOptions().dtype(at::kDouble), {.probe_every = 1});
    for (int step = 0; step < 3; ++step) {
      EXPECT_EQ(t.update(a).values.size(0), n);
      EXPECT_FALSE(t.truncated());
    }
  }
}

TEST(Tracker, RefusesWrongOptions) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  EXPECT_THROW(Tracker(0, options, {}), InvalidArgument);
  EXPECT_THROW(Tracker(5, at::TensorOptions().dtype(at::kLong), {}), InvalidArgument);
  EXPECT_THROW(Tracker(5, options, {.minimum = 0}), InvalidArgument);
  EXPECT_THROW(Tracker(5, options, {.minimum = 3, .maximum = 2}), InvalidArgument);
  EXPECT_THROW(Tracker(5, options, {.guards = -1}), InvalidArgument);
  EXPECT_THROW(Tracker(5, options, {.probe_every = 0}), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::spectrum
