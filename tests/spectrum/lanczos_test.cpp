#include "thalweg/spectrum/lanczos.hpp"

#include <cmath>
#include <limits>
#include <numeric>
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
using testing::with_bulk;

const at::TensorOptions kDouble = at::TensorOptions().dtype(at::kDouble);

double sum(const std::vector<double>& x) { return std::accumulate(x.begin(), x.end(), 0.0); }

class LanczosTest : public ::testing::Test {
 protected:
  LanczosTest() {
    at::set_num_threads(1);
    set_blas_threads(1);
  }
};

/// sum_j w_j f(node_j) of one probe.
template <typename Function>
double integral(const SpectralQuadrature& q, std::size_t probe, const Function& f) {
  double total = 0;
  for (std::size_t j = 0; j < q.nodes[probe].size(); ++j) {
    total += q.weights[probe][j] * f(q.nodes[probe][j]);
  }
  return total;
}

// With as many steps as dimensions the Krylov space is everything: the nodes are the eigenvalues.
TEST_F(LanczosTest, NodesAreTheEigenvaluesWhenStepsEqualTheDimension) {
  for (const auto dtype : {at::kFloat, at::kDouble}) {
    const double tolerance = dtype == at::kFloat ? 1e-5 : 1e-12;
    const PrescribedSpectrum a(with_bulk({}, 20, -1, 3), Key{1});
    const auto q = lanczos_quadrature(
        a, 20, at::TensorOptions().dtype(dtype), {}, {}, {.probes = 3, .steps = 20});
    for (const auto& nodes : q.nodes) {
      ASSERT_EQ(nodes.size(), 20u);
      for (std::size_t i = 0; i < 20; ++i) {
        EXPECT_NEAR(nodes[19 - i], a.eigenvalue(static_cast<std::int64_t>(i)), tolerance);
      }
    }
  }
}

// m steps integrate polynomials up to degree 2m - 1 exactly: Gauss quadrature. The truth is the
// same probe's measure with all steps.
TEST_F(LanczosTest, IsAGaussRule) {
  const PrescribedSpectrum a(with_bulk({2}, 59, -1, 1), Key{2});
  const auto exact = lanczos_quadrature(a, 60, kDouble, {}, {}, {.probes = 1, .steps = 60});
  const auto rule = lanczos_quadrature(a, 60, kDouble, {}, {}, {.probes = 1, .steps = 5});
  for (int degree = 0; degree <= 10; ++degree) {
    const auto power = [&](double x) { return std::pow(x, degree); };
    const double error = std::abs(integral(rule, 0, power) - integral(exact, 0, power));
    if (degree <= 9) {
      EXPECT_LT(error, 1e-11 * std::pow(2, degree)) << degree;
    } else {
      EXPECT_GT(error, 1e-6) << degree;
    }
  }
}

TEST_F(LanczosTest, StopsAtAnInvariantSubspace) {
  std::vector<double> eigenvalues(100, 1.0);
  std::fill(eigenvalues.begin(), eigenvalues.begin() + 10, 3.0);
  const PrescribedSpectrum a(eigenvalues, Key{3});
  const auto q = lanczos_quadrature(a, 100, kDouble, {}, {}, {.probes = 4, .steps = 50});
  for (std::size_t probe = 0; probe < 4; ++probe) {
    ASSERT_EQ(q.nodes[probe].size(), 2u);
    EXPECT_NEAR(q.nodes[probe][0], 1, 1e-12);
    EXPECT_NEAR(q.nodes[probe][1], 3, 1e-12);
  }
}

TEST_F(LanczosTest, WeightsSumToTheDimensionOfTheComplement) {
  const PrescribedSpectrum a(with_bulk({9, 8, 7}, 97, -1, 1), Key{4});
  const at::Tensor values = at::tensor({9.0, 8.0, 7.0}, at::kDouble);
  const auto q =
      lanczos_quadrature(a, 100, kDouble, a.leading(3), values, {.probes = 3, .steps = 12});
  for (const auto& weights : q.weights) {
    EXPECT_NEAR(sum(weights), 97, 1e-9);
  }
  EXPECT_EQ(q.deflated, (std::vector<double>{9, 8, 7}));
  for (const auto& nodes : q.nodes) {
    EXPECT_LT(nodes.back(), 1 + 1e-9) << "a deflated direction came back";
  }
}

TEST_F(LanczosTest, DensityIntegratesToTheDimension) {
  const PrescribedSpectrum a(with_bulk({4}, 199, -1, 1), Key{5});
  const auto q = lanczos_quadrature(
      a, 200, kDouble, a.leading(1), at::tensor({4.0}, at::kDouble), {.steps = 20});
  std::vector<double> points;
  constexpr double kSpacing = 0.01;
  for (double x = -3; x < 6; x += kSpacing) {
    points.push_back(x);
  }
  // The trapezoidal rule is exact to rounding for Gaussians this wide.
  EXPECT_NEAR(sum(q.density(points, 0.05)) * kSpacing, 200, 1e-6);
}

// False alarms: |t| > 4 with 63 degrees of freedom has probability 2e-4; the key is fixed.
TEST_F(LanczosTest, TraceLiesWithinFourStandardErrors) {
  const PrescribedSpectrum a(with_bulk({5, 3}, 298, -1, 1), Key{6});
  const double trace = sum(a.eigenvalues());
  const auto q =
      lanczos_quadrature(a, 300, kDouble, {}, {}, {.probes = 64, .steps = 10, .key = Key{7}});
  EXPECT_GT(q.trace_error(), 0);
  EXPECT_LT(std::abs(q.trace() - trace), 4 * q.trace_error());
}

// The example of [Damian2021], phi(h) = -log(1 - eta h / 2) / (2 eta) - h / 4: eigenvalues 19 *
// 0.7^j, j < 30, in 400 dimensions, eta = 0.1. phi lives in the leading eigenvalues, so deflating
// ten of them removes the scatter.
TEST_F(LanczosTest, DeflationRemovesTheVariance) {
  std::vector<double> eigenvalues(400, 0.0);
  for (int j = 0; j < 30; ++j) {
    eigenvalues[static_cast<std::size_t>(j)] = 19 * std::pow(0.7, j);
  }
  constexpr double kEta = 0.1;
  const auto phi = [](double h) { return -std::log(1 - kEta * h / 2) / (2 * kEta) - h / 4; };
  const PrescribedSpectrum a(eigenvalues, Key{8});
  const double exact = std::accumulate(
      eigenvalues.begin(), eigenvalues.end(), 0.0, [&](double s, double h) { return s + phi(h); });
  const QuadratureOptions options{.probes = 20, .steps = 30, .key = Key{9}};

  struct Estimate {
    double mean;
    double standard_error;
  };
  const auto estimate = [&](const SpectralQuadrature& q) {
    double first = 0;
    double second = 0;
    for (std::size_t probe = 0; probe < q.nodes.size(); ++probe) {
      const double x = integral(q, probe, phi);
      first += x / 20;
      second += x * x / 20;
    }
    double known = 0;
    for (const double h : q.deflated) {
      known += phi(h);
    }
    return Estimate{known + first, std::sqrt((second - first * first) / 19)};
  };

  const auto plain = estimate(lanczos_quadrature(a, 400, kDouble, {}, {}, options));
  const at::Tensor values = at::tensor(a.eigenvalues(), at::kDouble).narrow(0, 0, 10);
  const auto deflated =
      estimate(lanczos_quadrature(a, 400, kDouble, a.leading(10), values, options));
  EXPECT_LT(std::abs(plain.mean - exact), 4 * plain.standard_error);
  EXPECT_LT(std::abs(deflated.mean - exact), 4 * deflated.standard_error);
  EXPECT_GT(plain.standard_error, 1);
  EXPECT_LT(deflated.standard_error, 5e-3);
}

TEST_F(LanczosTest, IsExactWhenEverythingIsDeflated) {
  const PrescribedSpectrum a(with_bulk({}, 4, 1, 4), Key{10});
  const auto q =
      lanczos_quadrature(a, 4, kDouble, a.leading(4), at::tensor(a.eigenvalues(), at::kDouble));
  EXPECT_NEAR(q.trace(), 10, 1e-12);
  EXPECT_EQ(q.trace_error(), 0);
}

TEST_F(LanczosTest, OneProbeKnowsNoStandardError) {
  const PrescribedSpectrum a(with_bulk({}, 30, -1, 1), Key{11});
  const auto q = lanczos_quadrature(a, 30, kDouble, {}, {}, {.probes = 1, .steps = 5});
  EXPECT_TRUE(std::isnan(q.trace_error()));
}

TEST_F(LanczosTest, WorksInTwoDimensionsBesideADeflatedSignVector) {
  const at::Tensor u = at::ones({2, 1}, at::kDouble) / std::sqrt(2.0);
  const auto q = lanczos_quadrature(
      [](const at::Tensor& v) { return 3 * v; }, 2, kDouble, u, at::tensor({3.0}, at::kDouble));
  EXPECT_NEAR(q.trace(), 6, 1e-12);
}

TEST_F(LanczosTest, RefusesWrongArguments) {
  const LinearOperator identity = [](const at::Tensor& v) { return v; };
  EXPECT_THROW(lanczos_quadrature(identity, 0, kDouble, {}, {}), InvalidArgument);
  EXPECT_THROW(lanczos_quadrature(identity, 5, at::TensorOptions().dtype(at::kLong), {}, {}),
               InvalidArgument);
  EXPECT_THROW(lanczos_quadrature(identity, 5, kDouble, {}, {}, {.probes = 0}), InvalidArgument);
  EXPECT_THROW(lanczos_quadrature(identity, 5, kDouble, at::eye(5, 2, at::kDouble), {}),
               InvalidArgument);
  EXPECT_THROW(lanczos_quadrature(
                   identity, 5, kDouble, at::eye(4, 2, at::kDouble), at::ones({2}, at::kDouble)),
               InvalidArgument);
  EXPECT_THROW(lanczos_quadrature([](const at::Tensor& v) { return v / 0; }, 5, kDouble, {}, {}),
               NonFinite);
  const SpectralQuadrature empty;
  EXPECT_THROW(empty.density({0}, 0), InvalidArgument);
}

}  // namespace
}  // namespace thalweg::spectrum
