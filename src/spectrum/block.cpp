#include "spectrum/block.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "spectrum/kernels/rows.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::spectrum {
namespace {

// What one thread takes at a time. Fixed, so that sums do not depend on the number of threads.
constexpr std::int64_t kChunk = 1 << 16;

std::int64_t row_count(at::TensorList blocks) {
  return std::accumulate(
      blocks.begin(), blocks.end(), std::int64_t{0}, [](auto sum, const auto& b) {
        return sum + b.size(0);
      });
}

/// Pointers to the stacked rows of contiguous blocks, from element `begin` on.
template <typename T>
std::vector<T*> row_pointers(at::TensorList blocks, std::int64_t begin) {
  std::vector<T*> pointers;
  for (const at::Tensor& block : blocks) {
    for (std::int64_t i = 0; i < block.size(0); ++i) {
      pointers.push_back(block.data_ptr<std::remove_const_t<T>>() + i * block.size(1) + begin);
    }
  }
  return pointers;
}

/// task(begin, length) over chunks of [0, n), on all threads of ATen.
template <typename Task>
void for_chunks(std::int64_t n, const Task& task) {
  at::parallel_for(0, (n + kChunk - 1) / kChunk, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t chunk = first; chunk < last; ++chunk) {
      task(chunk, chunk * kChunk, std::min(kChunk, n - chunk * kChunk));
    }
  });
}

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <typename T>
Matrix products_on_cpu(at::TensorList a, at::TensorList b, bool upper_half) {
  const auto n = a[0].size(1);
  std::vector<RowMajor> parts(static_cast<std::size_t>((n + kChunk - 1) / kChunk),
                              RowMajor(row_count(a), row_count(b)));
  for_chunks(n, [&](std::int64_t chunk, std::int64_t begin, std::int64_t length) {
    kernels::inner_products(row_pointers<const T>(a, begin),
                            row_pointers<const T>(b, begin),
                            static_cast<std::size_t>(length),
                            upper_half,
                            parts[static_cast<std::size_t>(chunk)].data());
  });
  return std::accumulate(parts.begin() + 1, parts.end(), parts.front());
}

template <typename T>
at::Tensor combine_on_cpu(const Matrix& coefficients, at::TensorList rows) {
  const auto n = rows[0].size(1);
  const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> c =
      coefficients.cast<T>();
  at::Tensor result = at::empty({coefficients.rows(), n}, rows[0].options());
  for_chunks(n, [&](std::int64_t /*chunk*/, std::int64_t begin, std::int64_t length) {
    kernels::combine(row_pointers<const T>(rows, begin),
                     c.data(),
                     static_cast<std::size_t>(length),
                     row_pointers<T>(result, begin));
  });
  return result;
}

Matrix products(at::TensorList a, at::TensorList b, bool upper_half) {
  if (!a[0].is_cpu()) {
    return to_matrix(at::mm(at::cat(a), at::cat(b).t()));
  }
  return a[0].scalar_type() == at::kFloat ? products_on_cpu<float>(a, b, upper_half)
                                          : products_on_cpu<double>(a, b, upper_half);
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

Matrix inner_products(at::TensorList a, at::TensorList b) { return products(a, b, false); }

Matrix symmetric_products(at::TensorList a, at::TensorList b) {
  return products(a, b, true).selfadjointView<Eigen::Upper>();
}

at::Tensor combine(const Matrix& coefficients, at::TensorList rows) {
  if (!rows[0].is_cpu()) {
    return at::mm(to_tensor(coefficients, rows[0].options()), at::cat(rows));
  }
  return rows[0].scalar_type() == at::kFloat ? combine_on_cpu<float>(coefficients, rows)
                                             : combine_on_cpu<double>(coefficients, rows);
}

at::Tensor normal_rows(std::int64_t m, std::int64_t n, const at::TensorOptions& options, Key key) {
  at::Tensor rows = at::empty({m, n}, at::TensorOptions().dtype(at::kDouble));
  for (std::int64_t i = 0; i < m; ++i) {
    fill_normal(std::span(rows.data_ptr<double>() + i * n, static_cast<std::size_t>(n)),
                key.with(static_cast<std::uint64_t>(i)));
  }
  return rows.to(options);
}

Matrix orthonormal_basis(const Matrix& gram, const Matrix& candidates, double drop) {
  Matrix basis(candidates.rows(), candidates.cols());
  Eigen::Index rank = 0;
  for (Eigen::Index j = 0; j < candidates.cols(); ++j) {
    Vector v = candidates.col(j);
    const double squared_norm = v.dot(gram * v);
    if (!(squared_norm > 0)) {
      continue;
    }
    v /= std::sqrt(squared_norm);
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
  // Two passes orthonormalise independent rows to rounding; each replacement may need one more.
  for (std::uint64_t attempt = 0; attempt < 8; ++attempt) {
    Matrix gram = symmetric_products(x, x);
    if (near_identity(gram, 1e-3)) {
      return x;
    }
    if (!gram.diagonal().allFinite()) {
      x = x.clone();
      zero_rows_that_are_not_finite(x, gram);
      gram = symmetric_products(x, x);
    }
    const Matrix basis = orthonormal_basis(gram, Matrix::Identity(m, m), drop);
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
  const RowMajor rows = matrix;
  at::Tensor tensor = at::empty({rows.rows(), rows.cols()}, at::kDouble);
  std::copy(rows.data(), rows.data() + rows.size(), tensor.data_ptr<double>());
  return tensor.to(options);
}

Matrix to_matrix(const at::Tensor& tensor) {
  const at::Tensor host = tensor.to(at::kCPU, at::kDouble).contiguous();
  return Eigen::Map<const RowMajor>(host.data_ptr<double>(), host.size(0), host.size(1));
}

}  // namespace thalweg::spectrum
