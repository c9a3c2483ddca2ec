#include "thalweg/hermite/contraction.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "hermite/kernels/recurrence.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/laguerre.hpp"
#include "thalweg/linalg/gram.hpp"
#include "thalweg/linalg/product.hpp"

namespace thalweg::hermite {
namespace {

using linalg::Form;

constexpr Eigen::Index kBlockRows = 256;  // 2 MB at d = 1000: the second look finds it in the cache
constexpr int kMostOrder = 100;

void check(const char* where, int k, int smallest, Eigen::Index rows, std::span<const double> t) {
  if (k < smallest || k > kMostOrder) {
    throw InvalidArgument(
        where, fmt::format("the order must be {} to {}; got {}.", smallest, kMostOrder, k));
  }
  if (static_cast<Eigen::Index>(t.size()) != rows) {
    throw InvalidArgument(
        where, fmt::format("needs a weight for each of the {} rows; got {}.", rows, t.size()));
  }
}

void check_vector(const char* where, Eigen::Index d, Eigen::Index length) {
  if (length != d) {
    throw InvalidArgument(
        where, fmt::format("the vector must have the {} columns' length; got {}.", d, length));
  }
}

void check_parity(const char* where, int k, int remainder) {
  if (k % 2 != remainder) {
    throw InvalidArgument(
        where, fmt::format("the order must be {}; got {}.", remainder == 0 ? "even" : "odd", k));
  }
}

double root_factorial(int k) { return std::exp(0.5 * std::lgamma(k + 1.0)); }

// body(first, rows) over blocks of rows, in their order.
template <typename Body>
void for_row_blocks(Eigen::Index n, Body body) {
  for (Eigen::Index first = 0; first < n; first += kBlockRows)
    body(first, std::min(kBlockRows, n - first));
}

std::span<const double> part(std::span<const double> t, Eigen::Index first, Eigen::Index rows) {
  return t.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows));
}

using Weights = Eigen::Map<const Vector>;

Weights as_vector(std::span<const double> t) {
  return {t.data(), static_cast<Eigen::Index>(t.size())};
}

std::span<double> as_span(Vector& v) { return {v.data(), static_cast<std::size_t>(v.size())}; }

// h_k and h_{k-1} at every entry of a; zero below order 0.
struct Pair {
  Vector value, below;
};

Pair pair_at(int k, Vector& a) {
  Pair pair{.value = Vector::Zero(a.size()), .below = Vector::Zero(a.size())};
  if (k >= 0) kernels::hermite_pairs(k, as_span(a), as_span(pair.value), as_span(pair.below));
  return pair;
}

template <typename Radial>
Vector radial_weights(MatrixView x, std::span<const double> t, double scale, Radial radial) {
  Vector weights(x.rows());
  const double d = static_cast<double>(x.cols());
  for (Eigen::Index i = 0; i < x.rows(); ++i)
    weights[i] = scale * t[static_cast<std::size_t>(i)] * radial(x.row(i).squaredNorm(), d);
  return weights;
}

}  // namespace

Vector contract_to_vector(int k, MatrixView x, std::span<const double> t, VectorView v) {
  constexpr const char* where = "hermite::contract_to_vector";
  check(where, k, 1, x.rows(), t);
  check_vector(where, x.cols(), v.size());
  // h_k[v^{k-1}] = (x h_{k-1}(a) - sqrt(k-1) v h_{k-2}(a)) / sqrt(k), a = v.x
  Vector sum = Vector::Zero(x.cols());
  double along = 0;
  for_row_blocks(x.rows(), [&](Eigen::Index first, Eigen::Index rows) {
    const auto block = x.middleRows(first, rows);
    const auto weights = as_vector(part(t, first, rows));
    Vector a = Vector::Zero(rows);
    linalg::add_product(1, block, Form::kPlain, v, a);
    const Pair h = pair_at(k - 1, a);
    linalg::add_product(1, block, Form::kTransposed, weights.cwiseProduct(h.value), sum);
    along += weights.dot(h.below);
  });
  return (sum - std::sqrt(k - 1) * along * v) / std::sqrt(k);
}

Matrix contract_to_matrix(int k, MatrixView x, std::span<const double> t, VectorView v) {
  constexpr const char* where = "hermite::contract_to_matrix";
  check(where, k, 2, x.rows(), t);
  check_vector(where, x.cols(), v.size());
  // sqrt(k(k-1)) h_k[v^{k-2}] = (xx^T - I) h_{k-2} - sqrt(k-2) (xv^T + vx^T) h_{k-3}
  //                             + sqrt((k-2)(k-3)) vv^T h_{k-4}, all at a = v.x
  Vector a = Vector::Zero(x.rows());
  linalg::add_product(1, x, Form::kPlain, v, a);
  const Pair h = pair_at(k - 2, a);
  const Pair lower = pair_at(k - 3, a);
  const auto weights = as_vector(t);
  const Vector t_h = weights.cwiseProduct(h.value);
  Matrix sum = linalg::gram(x, {t_h.data(), t.size()});
  sum.diagonal().array() -= t_h.sum();
  Vector side = Vector::Zero(x.cols());
  linalg::add_product(std::sqrt(k - 2), x, Form::kTransposed, weights.cwiseProduct(h.below), side);
  sum -= side * v.transpose() + v * side.transpose();
  if (k > 3) sum += std::sqrt((k - 2) * (k - 3)) * weights.dot(lower.below) * v * v.transpose();
  return sum / std::sqrt(k * (k - 1));
}

Vector partial_trace_vector(int k, MatrixView x, std::span<const double> t) {
  constexpr const char* where = "hermite::partial_trace_vector";
  check(where, k, 1, x.rows(), t);
  check_parity(where, k, 1);
  const double scale = 1 / root_factorial(k);
  Vector sum = Vector::Zero(x.cols());
  for_row_blocks(x.rows(), [&](Eigen::Index first, Eigen::Index rows) {
    const auto block = x.middleRows(first, rows);
    const Vector weights =
        radial_weights(block, part(t, first, rows), scale, [k](double r2, double d) {
          return radial_p((k - 1) / 2, r2, d);
        });
    linalg::add_product(1, block, Form::kTransposed, weights, sum);
  });
  return sum;
}

Matrix partial_trace_matrix(int k, MatrixView x, std::span<const double> t) {
  constexpr const char* where = "hermite::partial_trace_matrix";
  check(where, k, 2, x.rows(), t);
  check_parity(where, k, 0);
  const int m = (k - 2) / 2;
  const double scale = 1 / root_factorial(k);
  const Vector outer =
      radial_weights(x, t, scale, [m](double r2, double d) { return radial_q(m, r2, d); });
  const Vector inner =
      radial_weights(x, t, scale, [m](double r2, double d) { return radial_p(m, r2, d); });
  Matrix sum = linalg::gram(x, {outer.data(), t.size()});
  sum.diagonal().array() -= inner.sum();
  return sum;
}

double full_trace(int k, MatrixView x, std::span<const double> t) {
  constexpr const char* where = "hermite::full_trace";
  check(where, k, 0, x.rows(), t);
  check_parity(where, k, 0);
  return radial_weights(x,
                        t,
                        1 / root_factorial(k),
                        [k](double r2, double d) { return radial_trace(k / 2, r2, d); })
      .sum();
}

Matrix contract_order_4(MatrixView x, std::span<const double> t, MatrixView b) {
  constexpr const char* where = "hermite::contract_order_4";
  check(where, 4, 4, x.rows(), t);
  check_vector(where, x.cols(), b.rows());
  check_vector(where, x.cols(), b.cols());
  const auto weights = as_vector(t);
  Vector forms(x.rows());  // x'Bx
  for_row_blocks(x.rows(), [&](Eigen::Index first, Eigen::Index rows) {
    const auto block = x.middleRows(first, rows);
    Matrix product = Matrix::Zero(rows, x.cols());
    linalg::add_product(1, block, Form::kPlain, b, Form::kPlain, product);
    forms.segment(first, rows) = product.cwiseProduct(block).rowwise().sum();
  });
  const double trace = b.trace();
  const Vector outer = weights.cwiseProduct(Vector(forms.array() - trace));
  const Matrix second = linalg::gram(x, t);
  Matrix sum = linalg::gram(x, {outer.data(), t.size()});
  linalg::add_product(-2, second, Form::kPlain, b, Form::kPlain, sum);
  linalg::add_product(-2, b, Form::kPlain, second, Form::kPlain, sum);
  sum.diagonal().array() -= outer.sum();
  sum += 2 * weights.sum() * b;
  return sum / std::sqrt(24.0);
}

}  // namespace thalweg::hermite
