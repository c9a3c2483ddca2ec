#include "thalweg/hermite/contraction.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "hermite/kernels/recurrence.hpp"
#include "support/dense_hermite.hpp"
#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::hermite {
namespace {

using testing::dense_hermite;
using testing::DenseTensor;

Matrix normal_matrix(Eigen::Index rows, Eigen::Index columns, Key key) {
  Matrix x(rows, columns);
  fill_normal(std::span<double>(x.data(), static_cast<std::size_t>(x.size())), key);
  return x;
}

// Samples, weights and a unit vector; the tensor itself as the oracle.
struct Problem {
  Matrix x;
  std::vector<double> t;
  Vector v;

  Problem(Eigen::Index n, Eigen::Index d, Key key)
      : x(normal_matrix(n, d, key.with("x"))),
        t(static_cast<std::size_t>(n)),
        v(normal_matrix(d, 1, key.with("v")).normalized()) {
    fill_normal(std::span<double>(t), key.with("t"));
  }

  DenseTensor tensor(int k) const {
    DenseTensor sum = dense_hermite(k, x.row(0));
    for (double& entry : sum.entries) entry *= t[0];
    for (Eigen::Index i = 1; i < x.rows(); ++i) {
      const DenseTensor h = dense_hermite(k, x.row(i));
      for (std::size_t j = 0; j < h.entries.size(); ++j)
        sum.entries[j] += t[static_cast<std::size_t>(i)] * h.entries[j];
    }
    return sum;
  }
};

void expect_near(const Matrix& found, const Matrix& expected) {
  EXPECT_LE((found - expected).cwiseAbs().maxCoeff(), 1e-12 * expected.cwiseAbs().maxCoeff());
}

DenseTensor filled(DenseTensor tensor, const Vector& v, int places) {
  for (int i = 0; i < places; ++i) tensor = tensor.with(v);
  return tensor;
}

// One sample, a few, and numbers of rows around a block of 256.
TEST(Contractions, EqualDenseTensors) {
  for (const Eigen::Index n : {1, 3, 257}) {
    for (const Eigen::Index d : {2, 3, 4}) {
      const Problem problem(n, d, Key{11}.with(static_cast<std::uint64_t>(10 * n + d)));
      const auto& [x, t, v] = problem;
      for (int k = 1; k <= 6; ++k) {
        const DenseTensor tensor = problem.tensor(k);
        expect_near(contract_to_vector(k, x, t, v), filled(tensor, v, k - 1).unfolded());
        if (k >= 2)
          expect_near(contract_to_matrix(k, x, t, v), filled(tensor, v, k - 2).unfolded());
        if (k % 2 == 1) {
          expect_near(partial_trace_vector(k, x, t), tensor.traced((k - 1) / 2).unfolded());
        } else {
          expect_near(partial_trace_matrix(k, x, t), tensor.traced((k - 2) / 2).unfolded());
          const double trace = tensor.traced(k / 2).entries[0];
          EXPECT_NEAR(full_trace(k, x, t), trace, 1e-12 * (1 + std::abs(trace)));
        }
      }
      const Matrix half = normal_matrix(d, d, Key{12});
      const Matrix b = half + half.transpose();
      expect_near(contract_order_4(x, t, b), problem.tensor(4).with(b).unfolded());
    }
  }
}

TEST(Contractions, AllPlacesFilledWithAUnitVectorGiveThePolynomial) {
  const Problem problem(1, 50, Key{13});
  const double a = problem.v.dot(problem.x.row(0));
  for (int k = 1; k <= 12; ++k) {
    const double value =
        contract_to_vector(k, problem.x, std::vector<double>{1}, problem.v).dot(problem.v);
    EXPECT_NEAR(value, hermite(k, a), 1e-13 * std::exp(a * a / 4)) << k;
  }
}

// E |h_k|_F^2 = C(d+k-1, k): 35 for d = 5, k = 3, within 4 standard errors of the sample's own.
TEST(Contractions, SquaredNormHasItsMean) {
  const int n = 20000;
  const Matrix x = normal_matrix(n, 5, Key{14});
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    double norm2 = 0;
    for (const double entry : dense_hermite(3, x.row(i)).entries) norm2 += entry * entry;
    sum += norm2;
    squares += norm2 * norm2;
  }
  const double mean = sum / n;
  EXPECT_NEAR(mean, 35, 4 * std::sqrt((squares / n - mean * mean) / n));
}

// Per coordinate the variance of a partial trace when x does not depend on the weight.
TEST(Contractions, PartialTracesHaveTheirNoise) {
  const int n = 20000, d = 10;
  const Matrix x = normal_matrix(n, d, Key{15});
  const std::vector<double> one = {1};
  double odd = 0, odd_squares = 0, even = 0, even_squares = 0;
  for (int i = 0; i < n; ++i) {
    const double first = partial_trace_vector(3, x.row(i), one)[0];
    const double second = partial_trace_matrix(4, x.row(i), one)(0, 1);
    odd += first * first;
    odd_squares += std::pow(first, 4);
    even += second * second;
    even_squares += std::pow(second, 4);
  }
  const auto error = [](double mean, double square) {
    return std::sqrt((square - mean * mean) / n);
  };
  EXPECT_NEAR(odd / n, 4, 4 * error(odd / n, odd_squares / n));           // (d + 2) / 3
  EXPECT_NEAR(even / n, 7.0 / 6, 4 * error(even / n, even_squares / n));  // (d + 4) / 12
}

TEST(HermitePairs, EqualTheRecurrence) {
  for (const std::size_t n : {1, 3, 7, 8, 9, 16, 17, 100}) {
    std::vector<double> x(n + 1), value(n), below(n);
    fill_normal(std::span<double>(x), Key{16});
    const std::span<const double> shifted = std::span<const double>(x).subspan(1);
    for (const int k : {0, 1, 2, 5, 12}) {
      kernels::hermite_pairs(k, shifted, value, below);
      for (std::size_t i = 0; i < n; ++i) {
        const double size = 4e-16 * (k + 1) * std::exp(shifted[i] * shifted[i] / 4);
        EXPECT_NEAR(value[i], hermite(k, shifted[i]), size) << k;
        EXPECT_NEAR(below[i], k == 0 ? 0 : hermite(k - 1, shifted[i]), size) << k;
      }
    }
  }
}

TEST(Contractions, NameWhatDoesNotFit) {
  const Matrix x = Matrix::Zero(3, 4);
  const std::vector<double> t(3, 1);
  const auto message = [](auto f) { return testing::message_of<InvalidArgument>(f); };
  EXPECT_EQ(message([&] { contract_to_vector(0, x, t, Vector::Zero(4)); }),
            "[hermite::contract_to_vector] the order must be 1 to 100; got 0.");
  EXPECT_EQ(message([&] { contract_to_matrix(2, x, t, Vector::Zero(3)); }),
            "[hermite::contract_to_matrix] the vector must have the 4 columns' length; got 3.");
  EXPECT_EQ(message([&] { partial_trace_vector(4, x, t); }),
            "[hermite::partial_trace_vector] the order must be odd; got 4.");
  EXPECT_EQ(message([&] { full_trace(2, x, std::vector<double>(2)); }),
            "[hermite::full_trace] needs a weight for each of the 3 rows; got 2.");
}

}  // namespace
}  // namespace thalweg::hermite
