#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "thalweg/base/random.hpp"
#include "thalweg/spectrum/linear_operator.hpp"

namespace thalweg::testing {

/// Standard normal (n, k) block with contiguous columns.
inline at::Tensor random_block(std::int64_t n, std::int64_t k, Key key, at::ScalarType dtype) {
  at::Tensor rows = at::empty({k, n}, at::kDouble);
  fill_normal(std::span(rows.data_ptr<double>(), static_cast<std::size_t>(n * k)), key);
  return rows.to(dtype).t();
}

/// A symmetric operator whose eigenvalues and eigenvectors are known to rounding: A = Q
/// diag(lambda) Q^T, where Q comes from the QR decomposition of a normal matrix, so that its
/// columns are dense and point anywhere.
class PrescribedSpectrum {
 public:
  PrescribedSpectrum(std::vector<double> eigenvalues, Key key)
      : eigenvalues_(std::move(eigenvalues)) {
    std::sort(eigenvalues_.rbegin(), eigenvalues_.rend());
    q_ = std::get<0>(at::linalg_qr(random_block(n(), n(), key, at::kDouble)));
    q_float_ = q_.to(at::kFloat);
  }

  std::int64_t n() const { return static_cast<std::int64_t>(eigenvalues_.size()); }
  double eigenvalue(std::int64_t i) const { return eigenvalues_[static_cast<std::size_t>(i)]; }
  const std::vector<double>& eigenvalues() const { return eigenvalues_; }

  /// The first k eigenvectors, (n, k) float64.
  at::Tensor leading(std::int64_t k) const { return q_.narrow(1, 0, k); }

  /// A v, computed in the dtype of v.
  at::Tensor operator()(const at::Tensor& v) const {
    const at::Tensor& q = v.scalar_type() == at::kFloat ? q_float_ : q_;
    const at::Tensor lambda =
        at::tensor(eigenvalues_, at::kDouble).unsqueeze(1).to(v.scalar_type());
    return q.mm(lambda * q.t().mm(v));
  }

 private:
  std::vector<double> eigenvalues_;
  at::Tensor q_;
  at::Tensor q_float_;
};

/// `leading` first, then `rest` values equally spaced on [low, high].
inline std::vector<double> with_bulk(std::vector<double> leading,
                                     std::int64_t rest,
                                     double low,
                                     double high) {
  for (std::int64_t i = 0; i < rest; ++i) {
    leading.push_back(low + (high - low) * static_cast<double>(i) /
                                static_cast<double>(std::max<std::int64_t>(rest - 1, 1)));
  }
  return leading;
}

/// Counts what an operator is asked to do.
struct CountingOperator {
  spectrum::LinearOperator inner;
  std::int64_t columns = 0;
  std::int64_t calls = 0;
  spectrum::LinearOperator op() {
    return [this](const at::Tensor& v) {
      columns += v.size(1);
      ++calls;
      return inner(v);
    };
  }
};

/// Largest sine of the angles between the spans of two blocks of orthonormal columns.
inline double sin_theta(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.to(at::kDouble);
  const at::Tensor y = b.to(at::kDouble);
  return at::linalg_matrix_norm(y - x.mm(x.t().mm(y)), 2).item<double>();
}

}  // namespace thalweg::testing
