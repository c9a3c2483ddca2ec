#include "thalweg/index/spiked_tensor.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/tensor_methods.hpp"

namespace thalweg::testing {
namespace {

using index::estimate_spike;
using index::kTensorMethods;
using index::SpikedTensor;

double overlap2(const std::string& method,
                const SpikedTensor& tensor,
                double n,
                const index::TensorMethodOptions& options = {}) {
  const Vector found = estimate_spike(method, tensor, n, options, Key{71});
  EXPECT_NEAR(found.norm(), 1, 1e-12);
  return std::pow(found.dot(tensor.direction()), 2);
}

// Without noise the contraction is alpha^{k-1} w, the trace w or w w^T, and the unfolding has rank
// one.
TEST(SpikedTensor, IsItsSpikeAtInfiniteSampleSize) {
  constexpr double kN = 1e30;
  for (int k = 2; k <= 5; ++k) {
    const SpikedTensor tensor(k, 6, Key{1});
    const Vector w = tensor.direction();
    const Matrix v = SpikedTensor(2, 6, Key{2}).direction().transpose();
    const double alpha = v.row(0).dot(w);
    EXPECT_LT((tensor.contract(kN, v).row(0).transpose() - std::pow(alpha, k - 1) * w).norm(),
              1e-13);
    const Matrix trace = tensor.partial_trace(kN);
    EXPECT_LT((k % 2 == 1 ? Matrix(trace - w) : Matrix(trace - w * w.transpose())).norm(), 1e-12);
    EXPECT_NEAR(tensor.unfolding(kN).norm(), 1, 1e-12);
    for (const auto method : kTensorMethods) {
      if (method == "langevin-average") continue;
      EXPECT_NEAR(overlap2(std::string(method), tensor, kN), 1, 1e-12) << method << k;
    }
  }
}

// Contraction, unfolding and trace are of one tensor: <M, l(v) r(v)^T> = v . Y[v^{k-1}].
TEST(SpikedTensor, IsOneTensorInAllItsForms) {
  for (int k = 2; k <= 5; ++k) {
    const SpikedTensor tensor(k, 5, Key{3});
    const Matrix v = SpikedTensor(2, 5, Key{4}).direction().transpose();
    const Matrix left = index::SymmetricBasis(k / 2, 5).powers(v);
    const Matrix right = index::SymmetricBasis(k - k / 2, 5).powers(v);
    const double value = (left * tensor.unfolding(2.5) * right.transpose())(0, 0);
    EXPECT_NEAR(tensor.contract(2.5, v).row(0).dot(v.row(0)), value, 1e-13);
  }
}

// The noise of a partial trace: per coordinate 2^m m! / k! prod (d + 2j), as for the Hermite tensor
// of a Gaussian. Mean of |noise|^2 over 400 tensors; its relative deviation is about sqrt(2/d/400)
// = 1.6 %, and twice that off the diagonal of a matrix with d^2/2 entries at most.
TEST(SpikedTensor, NoiseHasItsVariance) {
  constexpr int kD = 20, kSeeds = 400;
  double cubic = 0, quartic = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const SpikedTensor three(3, kD, Key{5}.with(seed));
    cubic += (three.partial_trace(4) - three.direction()).squaredNorm() / kSeeds;
  }
  EXPECT_NEAR(cubic, kD * (kD + 2) / 3.0 / 4, 4 * 0.016 * kD * (kD + 2) / 3.0 / 4);
  constexpr int kSmall = 8;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const SpikedTensor four(4, kSmall, Key{6}.with(seed));
    const Vector w = four.direction();
    Matrix noise = four.partial_trace(1) - w * w.transpose();
    noise.diagonal().setZero();
    quartic += noise.squaredNorm() / (kSmall * (kSmall - 1) * kSeeds);
  }
  const double expected = 2.0 / 24 * (kSmall + 4);
  const double deviation = std::sqrt(2.0 / (kSmall * (kSmall - 1) / 2 * kSeeds));
  EXPECT_NEAR(quartic, expected, 4 * deviation * expected);
}

TEST(SpikedTensor, SharesItsNoiseBetweenSampleSizes) {
  const SpikedTensor tensor(3, 6, Key{7});
  const Matrix spike = tensor.unfolding(1e30);
  EXPECT_LT((2 * (tensor.unfolding(4) - spike) - (tensor.unfolding(1) - spike)).norm(), 1e-12);
}

TEST(TensorMethods, FindTheSpikeWellAboveTheirThresholds) {
  for (int k = 2; k <= 5; ++k) {
    const SpikedTensor tensor(k, k == 5 ? 8 : 12, Key{8});
    for (const auto method : kTensorMethods) {
      // Power iteration's own law falls below any method's at d = 8, where it says nothing.
      double n = 0;
      for (const std::string& name : {std::string(method), std::string("unfolding")}) {
        const auto law = index::spike_complexity(name, k, false);
        n = std::max(n, 20 * law.prefactor * std::pow(tensor.dimension(), law.exponent.value()));
      }
      // An average keeps a tenth of Brownian noise beside that of the tensor.
      const double least = method == "langevin-average" ? 0.65 : 0.8;
      EXPECT_GT(overlap2(std::string(method), tensor, n), least) << method << k;
    }
  }
}

TEST(TensorMethods, RefinementTakesAHintToTheSpike) {
  constexpr int kD = 30;
  double plain = 0, refined = 0, random = 0;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const SpikedTensor tensor(3, kD, Key{9}.with(seed));
    const double n = 1.2 * std::pow(kD, 1.5);
    plain += overlap2("partial-trace", tensor, n) / 6;
    refined += overlap2("partial-trace", tensor, n, {.refine = true}) / 6;
    random += overlap2("unfolding", tensor, n) / 6;
  }
  EXPECT_LT(plain, 0.6);
  EXPECT_GT(refined, 0.85);
  EXPECT_GT(random, 0.7);
}

TEST(TensorMethods, EndWhenInterrupted) {
  const SpikedTensor tensor(3, 10, Key{10});
  const auto found =
      estimate_spike("langevin-average", tensor, 50, {.interrupted = [] { return true; }}, Key{1});
  EXPECT_EQ(found.size(), 0);
}

TEST(TensorMethods, RefuseWhatCannotBe) {
  const SpikedTensor tensor(3, 10, Key{11});
  EXPECT_NE(message_of<InvalidArgument>([&] {
              estimate_spike("pwoer", tensor, 1, {}, Key{1});
            }).find("Did you mean 'power'?"),
            std::string::npos);
  EXPECT_THROW(estimate_spike("power", tensor, 0, {}, Key{1}), InvalidArgument);
  EXPECT_THROW(SpikedTensor(6, 10, Key{1}), InvalidArgument);
  EXPECT_NE(message_of<InvalidArgument>([] { SpikedTensor(5, 200, Key{1}); }).find("213 GB"),
            std::string::npos);
}

}  // namespace
}  // namespace thalweg::testing
