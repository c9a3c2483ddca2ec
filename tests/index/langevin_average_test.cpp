#include "thalweg/index/langevin_average.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "index/hermite_link.hpp"
#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/estimation/planted_model.hpp"
#include "thalweg/hermite/polynomial.hpp"
#include "thalweg/hermite/quadrature.hpp"
#include "thalweg/index/formula.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::testing {
namespace {

using estimation::overlap_squared;
using estimation::PlantedModel;
using index::average_langevin;
using index::langevin_average;
using index::LangevinOptions;
using index::Readout;
using index::SphereLoss;
using index::SymmetricBasis;
using index::SymmetricTensor;

/// L = -s theta_1.
class LinearLoss : public SphereLoss {
 public:
  LinearLoss(int dimension, double slope) : dimension_(dimension), slope_(slope) {}
  int dimension() const override { return dimension_; }
  double flops() const override { return dimension_; }
  void evaluate(MatrixView points,
                Eigen::Ref<Matrix> descent,
                Eigen::Ref<Vector> losses) const override {
    descent.setZero();
    descent.col(0).setConstant(slope_);
    losses = -slope_ * points.col(0);
  }

 private:
  int dimension_;
  double slope_;
};

SymmetricTensor random_tensor(int order, int d, std::uint64_t seed) {
  std::vector<double> coordinates(static_cast<std::size_t>(SymmetricBasis(order, d).size()));
  fill_normal(std::span<double>(coordinates), Key{seed});
  return SymmetricTensor(order, d, coordinates);
}

// The invariant law of L = -s theta_1 is von Mises and Fisher's: E theta_1 = I_{d/2} / I_{d/2-1} at
// kappa = 2 eps s.
TEST(Langevin, HasTheMomentsOfVonMisesAndFisher) {
  constexpr int kD = 10;
  constexpr double kKappa = 2;
  const double first = std::cyl_bessel_i(5, kKappa) / std::cyl_bessel_i(4, kKappa);
  const double second = 1 - (kD - 1) / kKappa * first;
  EXPECT_NEAR(first, 0.1936912341, 1e-10);
  EXPECT_NEAR(second, 0.1283894466, 1e-10);
  // E theta = 2 eps / (d - 1) E b, b_1 = s (1 - theta_1^2).
  EXPECT_NEAR(first, kKappa / (kD - 1) * (1 - second), 1e-12);

  const LinearLoss loss(kD, 1);
  LangevinOptions options{
      .inverse_temperature = kKappa / 2, .horizon = 8000, .step = 0.02, .chains = 500};
  const auto mean = average_langevin(loss, options, Key{1});
  options.readout = Readout::kSecond;
  const auto outer = average_langevin(loss, options, Key{2});
  // Four standard deviations of the time average, and a bias of order c.
  const double noise = std::sqrt(4 / (kD * (kD - 1) * options.horizon));
  EXPECT_NEAR(mean.mean(0), first, 4 * noise + options.step * first);
  EXPECT_NEAR(mean.loss_mean, -mean.mean(0), 1e-12);
  const double noise2 = std::sqrt(4 / (kD * kD * kD * options.horizon));
  EXPECT_NEAR(outer.mean(0, 0), second, 4 * noise2 + options.step * second);
  EXPECT_NEAR(outer.mean.trace(), 1, 1e-12);
  EXPECT_NEAR(mean.effective_samples, 0.5 * kD * mean.time, 1e-6);
}

// Without a force: correlations exp(-(d - 1) t / 2) and exp(-d t), each rate within 3 % at c =
// 0.02.
TEST(Langevin, IsBrownianMotionAtInfiniteTemperature) {
  constexpr int kD = 8, kLag1 = 120, kLag2 = 50;
  const LinearLoss loss(kD, 1);
  std::vector<Matrix> path;
  const LangevinOptions options{.inverse_temperature = 0,
                                .horizon = 500 * 3.5,
                                .step = 0.02,
                                .chains = 500,
                                .watch = [&](MatrixView points) { path.push_back(points); }};
  average_langevin(loss, options, Key{3});
  const double dt = options.step / kD;
  double linear = 0, quadratic = 0, quadratic0 = 0, pairs1 = 0, pairs2 = 0, outside = 0;
  Matrix outer = Matrix::Zero(kD, kD);
  Vector mean = Vector::Zero(kD);
  for (std::size_t t = 0; t + kLag1 < path.size(); ++t) {
    const Eigen::ArrayXXd now = path[t].array(), square = now.square() - 1.0 / kD;
    linear += (now * path[t + kLag1].array()).sum() * kD;
    quadratic += (square * (path[t + kLag2].array().square() - 1.0 / kD)).sum();
    quadratic0 += square.square().sum();
    pairs1 += static_cast<double>(now.size());
    pairs2 += static_cast<double>(now.size());
    outside = std::max(outside, (path[t].rowwise().norm().array() - 1).abs().maxCoeff());
    if (t % 10 == 0) {
      outer += path[t].transpose() * path[t];
      mean += path[t].colwise().sum().transpose();
    }
  }
  EXPECT_LT(outside, 1e-12);
  const double rate1 = -std::log(linear / pairs1) / (kLag1 * dt);
  const double rate2 = -std::log(quadratic / quadratic0) / (kLag2 * dt);
  EXPECT_NEAR(rate1, 0.5 * (kD - 1), 0.03 * 0.5 * (kD - 1));
  EXPECT_NEAR(rate2, kD, 0.03 * kD);
  const double count = outer.trace();
  // Entries of the time averages, five standard deviations.
  EXPECT_LT((mean / count).cwiseAbs().maxCoeff(),
            5 * std::sqrt(4 / (kD * (kD - 1) * options.horizon)));
  EXPECT_LT((outer / count - Matrix::Identity(kD, kD) / kD).cwiseAbs().maxCoeff(),
            5 * std::sqrt(4 / (kD * kD * kD * options.horizon)));
}

// |mean theta|^2 = 4 / ((d - 1) T) without a force, over 200 runs. Its relative deviation is
// sqrt(2 / d / 200) = 3.2 %.
TEST(Langevin, TimeAverageHasItsNoise) {
  constexpr int kD = 10, kRuns = 200;
  constexpr double kTime = 20;
  const LinearLoss loss(kD, 1);
  Matrix sums = Matrix::Zero(kRuns, kD);
  double steps = 0;
  average_langevin(loss,
                   {.inverse_temperature = 0,
                    .horizon = kRuns * kTime,
                    .step = 0.05,
                    .chains = kRuns,
                    .watch =
                        [&](MatrixView points) {
                          sums += points;
                          ++steps;
                        }},
                   Key{4});
  const double mean = (sums / steps).rowwise().squaredNorm().mean();
  EXPECT_NEAR(mean, 4 / ((kD - 1) * kTime), 0.1 * 4 / ((kD - 1) * kTime));
}

// E theta = 2 eps / (d - 1) E b and E theta theta^T = I/d + eps/d E[theta b^T + b theta^T] for any
// loss: the Rao-Blackwell readouts against the plain ones, five standard deviations of the latter.
TEST(Langevin, ReadoutsOfTheIteratesAndOfTheGradientsAgree) {
  constexpr int kD = 6;
  constexpr double kEps = 0.4;
  for (const int order : {2, 3, 4}) {
    const auto loss = index::tensor_loss(random_tensor(order, kD, 11));
    LangevinOptions options{
        .inverse_temperature = kEps, .horizon = 1200, .step = 0.02, .chains = 200};
    const auto theta = average_langevin(*loss, options, Key{5});
    options.rao_blackwell = true;
    const auto b = average_langevin(*loss, options, Key{6});
    const double noise1 = std::sqrt(4 / ((kD - 1) * options.horizon));
    EXPECT_LT((theta.mean - 2 * kEps / (kD - 1) * b.mean).norm(), 5 * noise1) << order;

    options.readout = Readout::kSecond;
    const auto outer_b = average_langevin(*loss, options, Key{7});
    options.rao_blackwell = false;
    const auto outer = average_langevin(*loss, options, Key{8});
    const Matrix expected = Matrix::Identity(kD, kD) / kD + kEps / kD * outer_b.mean;
    const double noise2 = std::sqrt(2 * kD * kD / (kD * kD * kD * options.horizon));
    EXPECT_LT((outer.mean - expected).norm(), 5 * noise2) << order;
    EXPECT_GT((outer.mean - Matrix::Identity(kD, kD) / kD).norm(), order == 3 ? 0 : 5 * noise2)
        << "there is something to agree on";
  }
}

// E over the sphere of theta h_k(theta.x) = k!! / (d (d+2) ... (d+k-1)) h_k(x)[I^{(k-1)/2}].
TEST(Langevin, AverageOverTheSphereIsAPartialTrace) {
  constexpr double kD = 5, kNorm2 = 6;
  const auto rule = hermite::gauss_sphere(12, kD + 1);  // theta's part along x is that of S^{d-1}
  double average = 0;
  for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
    average +=
        rule.weights[i] * rule.nodes[i] * hermite::hermite(3, std::sqrt(kNorm2) * rule.nodes[i]);
  }
  const double trace = (kNorm2 - (kD + 2)) * std::sqrt(kNorm2) / std::sqrt(6);
  EXPECT_NEAR(average, 3 / (kD * (kD + 2)) * trace, 1e-9);
}

// At eps = 0 the gradients are averaged over the uniform law.
TEST(Langevin, GradientAverageTendsToThePartialTrace) {
  constexpr int kD = 12;
  const auto cubic = random_tensor(3, kD, 12);
  const auto first = average_langevin(
      *index::tensor_loss(cubic),
      {.rao_blackwell = true, .inverse_temperature = 0, .horizon = 3000, .step = 0.2},
      Key{9});
  const Vector trace = cubic.partial_trace();
  EXPECT_GT(first.direction.dot(trace.normalized()), 0.99);
  EXPECT_LT(first.angle_error, 0.15);

  const auto quartic = random_tensor(4, kD, 13);
  const auto second = average_langevin(*index::tensor_loss(quartic),
                                       {.readout = Readout::kSecond,
                                        .rao_blackwell = true,
                                        .inverse_temperature = 0,
                                        .horizon = 3000,
                                        .step = 0.2},
                                       Key{10});
  Matrix traceless = quartic.partial_trace();
  traceless.diagonal().array() -= traceless.trace() / kD;
  const double cosine =
      (second.mean.cwiseProduct(traceless)).sum() / (second.mean.norm() * traceless.norm());
  EXPECT_GT(cosine, 0.98);
}

TEST(Langevin, LockingIsWhereTheEquatorStopsHolding) {
  const auto locking = [](int k) {
    return index::locking_temperature({.order = k, .dimension = 1});
  };
  EXPECT_NEAR(locking(3), 0.489, 5e-4);
  EXPECT_NEAR(locking(4), 0.614, 5e-4);
  EXPECT_NEAR(locking(5), 0.703, 5e-4);
  EXPECT_NEAR(
      index::locking_temperature({.order = 2, .dimension = 100, .strength = 0.5}), 50, 1e-4);
  using index::default_inverse_temperature;
  EXPECT_NEAR(default_inverse_temperature({.order = 3, .dimension = 100, .samples = 1e4}),
              0.6 * 48.9,
              0.05);
  EXPECT_NEAR(
      default_inverse_temperature({.order = 3, .dimension = 100, .samples = 400}), 10, 1e-12);
}

TEST(Langevin, HorizonIsTenTimesTheNoise) {
  using index::default_horizon;
  using index::limit_noise;
  constexpr double kMany = 1e18;  // samples: no noise of the data
  EXPECT_NEAR(default_horizon({.order = 3, .dimension = 10, .samples = kMany}, 2),
              10 * 1000 / (4 * 9.0),
              1e-9);
  EXPECT_NEAR(default_horizon({.order = 4, .dimension = 10, .strength = 0.5, .samples = kMany}, 2),
              20 * 10000 / (4 * 16 * 9 * 0.25),
              1e-9);
  // V_3 = 4, V_5 = 11.2, v_4 = 1.1666667, v_6 = 2.4888889 at d = 10: the hermite sheet, section 4.
  const auto noise = [](int k) {
    return limit_noise({.order = k, .dimension = 10, .strength = 2, .samples = 5});
  };
  EXPECT_NEAR(noise(1), 10 / 20.0, 1e-12);
  EXPECT_NEAR(noise(2), 2 * 10 * 0.5 / 20, 1e-12);
  EXPECT_NEAR(noise(3), 10 * 4 / 20.0, 1e-12);
  EXPECT_NEAR(noise(4), 2 * 10 * 1.1666667 / 20, 1e-7);
  EXPECT_NEAR(noise(5), 10 * 11.2 / 20, 1e-12);
  EXPECT_NEAR(noise(6), 2 * 10 * 2.4888889 / 20, 1e-7);
}

// The error bar of the direction against its true distance to the limit, over 40 averages.
TEST(Langevin, AngleErrorIsTheSpreadOfAverages) {
  constexpr int kD = 6, kRuns = 40;
  const LinearLoss loss(kD, 1);  // the limit is e_1
  double angles2 = 0, errors2 = 0;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    const auto average = average_langevin(
        loss, {.inverse_temperature = 1, .horizon = 150, .step = 0.1, .chains = 8}, Key{run});
    angles2 += (average.direction - Vector::Unit(kD, 0)).squaredNorm();
    errors2 += average.angle_error * average.angle_error;
  }
  // Each sum has 40 (d - 1) = 200 degrees of freedom: a ratio within 1 +- 0.5 is five deviations.
  EXPECT_NEAR(angles2 / errors2, 1, 0.5);
}

double estimated_overlap2(const index::LangevinEstimatorOptions& options,
                          const std::string& link_text,
                          int order,
                          int d,
                          std::int64_t n,
                          bool known) {
  const auto link = index::parse_formula(link_text);
  const PlantedModel model(link, {}, d, n, Key{21});
  const auto found =
      langevin_average(options)->estimate(model,
                                          {.order = order, .link = known ? link : nullptr},
                                          std::vector<std::int64_t>{n},
                                          {.key = Key{22}});
  return overlap_squared(model.directions(), found.at(0).directions);
}

// The horizon leaves a tenth of Brownian noise, the data about as much: 1 / 1.2, less three
// deviations of a sum of twelve squares.
TEST(LangevinEstimator, FindsTheDirectionAtEveryParity) {
  EXPECT_GT(estimated_overlap2({}, "relu(z)", 1, 12, 400, true), 0.7);
  EXPECT_GT(estimated_overlap2({}, "z^2", 2, 12, 400, true), 0.7);
  EXPECT_GT(estimated_overlap2({}, "cos(2*z)", 2, 12, 600, false), 0.7);
  EXPECT_GT(estimated_overlap2({}, "T3", 3, 12, 4000, true), 0.7);
  EXPECT_GT(estimated_overlap2({.rao_blackwell = true}, "T3", 3, 12, 4000, false), 0.7);
  EXPECT_GT(estimated_overlap2({.rao_blackwell = true}, "h4(z)", 4, 8, 4000, true), 0.7);
}

TEST(LangevinEstimator, StopsWhenInterrupted) {
  const PlantedModel model(hermite_link(3), {}, 10, 1000, Key{23});
  int questions = 0;
  const auto found = langevin_average()->estimate(model,
                                                  {.order = 3},
                                                  std::vector<std::int64_t>{300, 1000},
                                                  {.interrupted = [&] { return ++questions > 2; }});
  EXPECT_TRUE(found.empty());
}

TEST(Langevin, RefusesWhatCannotBe) {
  const LinearLoss loss(5, 1);
  EXPECT_NE(message_of<InvalidArgument>([&] {
              average_langevin(loss, {.horizon = 0}, Key{1});
            }).find("got 1, 0 and 0.05"),
            std::string::npos);
  EXPECT_THROW(average_langevin(loss, {.chains = 0}, Key{1}), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::testing
