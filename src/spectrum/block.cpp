#include "spectrum/block.hpp"

#include <limits>
#include <numeric>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg::spectrum {
namespace {

// Long float32 sums lose digits; a stretch this long keeps the error of an inner product near one
// rounding, and two stretches of a dozen rows stay in the cache.
constexpr std::int64_t kStretch = 8192;

std::int64_t row_count(at::TensorList blocks) {
  return std::accumulate(
      blocks.begin(), blocks.end(), std::int64_t{0}, [](auto sum, const auto& b) {
        return sum + b.size(0);
      });
}

at::Tensor stretched_product(const at::Tensor& a, const at::Tensor& b) {
  const auto n = a.size(1);
  at::Tensor sum = at::zeros({a.size(0), b.size(0)}, a.options().dtype(at::kDouble));
  for (std::int64_t begin = 0; begin < n; begin += kStretch) {
    const auto length = std::min(kStretch, n - begin);
    sum.add_(at::mm(a.narrow(1, begin, length), b.narrow(1, begin, length).t()));
  }
  return sum;
}

bool near_identity(const Matrix& gram, double within) {
  const Matrix error = gram - Matrix::Identity(gram.rows(), gram.cols());
  return error.cwiseAbs().maxCoeff() <= within;  // false for NaN
}

void zero_rows_that_are_not_finite(at::Tensor& x, const Matrix& gram) {
  for (Eigen::Index i = 0; i < gram.rows(); ++i) {
    if (!std::isfinite(gram(i, i))) {
      x[i].zero_();
    }
  }
}

}  // namespace

RowOperator::RowOperator(const LinearOperator& a, const char* where)
    : a_(a), where_(where), gradient_mode_(at::GradMode::is_enabled()) {}

at::Tensor RowOperator::operator()(const at::Tensor& rows) const {
  const at::AutoGradMode mode(gradient_mode_);
  const at::Tensor result = a_(rows.t());
  if (!result.defined() || result.sizes() != rows.t().sizes() ||
      result.scalar_type() != rows.scalar_type()) {
    const auto returned = result.defined() ? fmt::format("({}) {}",
                                                         fmt::join(result.sizes(), ", "),
                                                         toString(result.scalar_type()))
                                           : "nothing";
    throw InvalidArgument(where_,
                          fmt::format("the operator must keep shape and dtype of its block; given "
                                      "({}, {}) {} it returned {}.",
                                      rows.size(1),
                                      rows.size(0),
                                      toString(rows.scalar_type()),
                                      returned));
  }
  return result.detach().t().contiguous();
}

Matrix inner_products(at::TensorList a, at::TensorList b) {
  Matrix result(row_count(a), row_count(b));
  Eigen::Index row = 0;
  for (const at::Tensor& left : a) {
    Eigen::Index column = 0;
    for (const at::Tensor& right : b) {
      result.block(row, column, left.size(0), right.size(0)) =
          to_matrix(stretched_product(left, right));
      column += right.size(0);
    }
    row += left.size(0);
  }
  return result;
}

at::Tensor combine(const Matrix& coefficients, at::TensorList rows) {
  const at::Tensor c = to_tensor(coefficients, rows[0].options());
  at::Tensor result;
  std::int64_t column = 0;
  for (const at::Tensor& block : rows) {
    const at::Tensor part = c.narrow(1, column, block.size(0));
    result = result.defined() ? result.addmm_(part, block) : at::mm(part, block);
    column += block.size(0);
  }
  return result;
}

at::Tensor normal_rows(std::int64_t m, std::int64_t n, const at::TensorOptions& options, Key key) {
  at::Tensor rows = at::empty({m, n}, at::TensorOptions().dtype(at::kDouble));
  for (std::int64_t i = 0; i < m; ++i) {
    fill_normal(std::span(rows.data_ptr<double>() + i * n, static_cast<std::size_t>(n)),
                key.with(static_cast<std::uint64_t>(i)));
  }
  return rows.to(options);
}

Matrix orthonormal_basis(const Matrix& gram, const std::vector<Eigen::Index>& order, double drop) {
  Matrix basis(gram.rows(), static_cast<Eigen::Index>(order.size()));
  Eigen::Index rank = 0;
  for (const Eigen::Index row : order) {
    const double squared_norm = gram(row, row);
    if (!(squared_norm > 0)) {
      continue;
    }
    Vector v = Vector::Unit(gram.rows(), row) / std::sqrt(squared_norm);
    for (int pass = 0; pass < 2; ++pass) {
      const auto accepted = basis.leftCols(rank);
      v -= accepted * (accepted.transpose() * (gram * v));
    }
    const double left = v.dot(gram * v);
    if (left > drop) {
      basis.col(rank++) = v / std::sqrt(left);
    }
  }
  return basis.leftCols(rank);
}

at::Tensor orthonormal_rows(at::Tensor x, Key key) {
  const auto m = x.size(0);
  const auto n = x.size(1);
  const double drop = dependence_threshold(x.scalar_type());
  std::vector<Eigen::Index> order(static_cast<std::size_t>(m));
  std::iota(order.begin(), order.end(), 0);
  // Two passes orthonormalise independent rows to rounding; each replacement may need one more.
  for (std::uint64_t attempt = 0; attempt < 8; ++attempt) {
    Matrix gram = inner_products(x, x);
    if (near_identity(gram, 1e-3)) {
      return x;
    }
    if (!gram.allFinite()) {
      x = x.clone();
      zero_rows_that_are_not_finite(x, gram);
      gram = inner_products(x, x);
    }
    const Matrix basis = orthonormal_basis(gram, order, drop);
    x = combine(basis.transpose(), x);
    if (basis.cols() < m) {
      const auto missing = m - basis.cols();
      const at::Tensor fresh = normal_rows(missing, n, x.options(), key.with(attempt));
      x = at::cat({x, fresh / std::sqrt(static_cast<double>(n))});
    }
  }
  throw InternalError("spectrum::orthonormal_rows",
                      "no orthonormal block of " + std::to_string(m) + " vectors of length " +
                          std::to_string(n) + " after 8 attempts.");
}

double machine_epsilon(at::ScalarType dtype) {
  return dtype == at::kFloat ? std::numeric_limits<float>::epsilon()
                             : std::numeric_limits<double>::epsilon();
}

double dependence_threshold(at::ScalarType dtype) {
  // The inner products carry a relative error of about epsilon, so a direction that keeps this
  // share of its squared norm is known to one part in a thousand.
  return 1e3 * machine_epsilon(dtype);
}

at::Tensor to_tensor(const Matrix& matrix, const at::TensorOptions& options) {
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = matrix;
  at::Tensor tensor = at::empty({rows.rows(), rows.cols()}, at::kDouble);
  std::copy(rows.data(), rows.data() + rows.size(), tensor.data_ptr<double>());
  return tensor.to(options);
}

Matrix to_matrix(const at::Tensor& tensor) {
  const at::Tensor host = tensor.to(at::kCPU, at::kDouble).contiguous();
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const RowMajor>(host.data_ptr<double>(), host.size(0), host.size(1));
}

}  // namespace thalweg::spectrum
