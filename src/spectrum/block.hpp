#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>
#include <Eigen/Core>

#include "thalweg/base/random.hpp"
#include "thalweg/spectrum/linear_operator.hpp"

namespace thalweg::spectrum {

// Blocks of vectors inside this folder are (m, n) contiguous tensors, one vector a row: the
// transposes of the (n, m) blocks with contiguous columns that operators and callers see. Blocks in
// one list are stacked, rows of the first on top, without being copied together.

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// A linear operator as rows see it: (m, n) -> (m, n).
///
/// Checks what comes back. Operators may differentiate inside, so they run in the gradient mode in
/// which this object was made, whatever the solver around them needs.
class RowOperator {
 public:
  RowOperator(const LinearOperator& a, const char* where);
  at::Tensor operator()(const at::Tensor& rows) const;

 private:
  const LinearOperator& a_;
  const char* where_;
  bool gradient_mode_;
};

/// a b^T, summed in double over stretches of 512 elements.
Matrix inner_products(at::TensorList a, at::TensorList b);
/// The same where the result is known to be symmetric, for half the work.
Matrix symmetric_products(at::TensorList a, at::TensorList b);

/// coefficients (r, m) times the m stacked rows -> (r, n).
at::Tensor combine(const Matrix& coefficients, at::TensorList rows);

/// Standard normal rows (m, n), row i from key.with(i).
at::Tensor normal_rows(std::int64_t m, std::int64_t n, const at::TensorOptions& options, Key key);

/// W (m, r) with W^T gram W = I, whose leading columns span the leading columns of `candidates`
/// (m, j): Gram-Schmidt in the inner product `gram`, twice over. A candidate is left out if less
/// than `drop` of its squared norm is orthogonal to those before it: its direction would be
/// rounding error.
Matrix orthonormal_basis(const Matrix& gram, const Matrix& candidates, double drop);

/// Orthonormal rows (m, n) that span the rows of x, where rows that are zero, not finite or
/// dependent are replaced by random ones. Needs m <= n.
at::Tensor orthonormal_rows(at::Tensor x, Key key);

/// Smallest share of a squared norm that the block's precision resolves, for `orthonormal_basis`.
double dependence_threshold(at::ScalarType dtype);
double machine_epsilon(at::ScalarType dtype);

at::Tensor to_tensor(const Matrix& matrix, const at::TensorOptions& options);
Matrix to_matrix(const at::Tensor& tensor);

}  // namespace thalweg::spectrum
