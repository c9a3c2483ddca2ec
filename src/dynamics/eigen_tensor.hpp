#pragma once

#include <Eigen/Core>

namespace at {
class Tensor;
}

namespace thalweg::dynamics {

/// A small tensor, (n) or (n, m), as an Eigen matrix in double on the host; (n) is a column.
Eigen::MatrixXd to_eigen(const at::Tensor& tensor);

/// A small vector as a tensor like `like`.
at::Tensor to_tensor_like(const Eigen::VectorXd& v, const at::Tensor& like);

/// A small matrix as a tensor in double, where `like` lies.
at::Tensor to_matrix_like(const Eigen::MatrixXd& a, const at::Tensor& like);

}  // namespace thalweg::dynamics
