#include "eigen_tensor.hpp"

#include <ATen/ATen.h>

namespace thalweg::dynamics {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

Eigen::MatrixXd to_eigen(const at::Tensor& tensor) {
  const at::Tensor host = tensor.to(at::kDouble).to(at::kCPU).contiguous();
  const auto rows = host.dim() == 2 ? host.size(0) : host.numel();
  const auto columns = host.dim() == 2 ? host.size(1) : 1;
  return Eigen::Map<const RowMajor>(host.data_ptr<double>(), rows, columns);
}

at::Tensor to_tensor_like(const Eigen::VectorXd& v, const at::Tensor& like) {
  at::Tensor host = at::empty({v.size()}, at::kDouble);
  Eigen::Map<Eigen::VectorXd>(host.data_ptr<double>(), v.size()) = v;
  return host.to(like.options());
}

at::Tensor to_matrix_like(const Eigen::MatrixXd& a, const at::Tensor& like) {
  at::Tensor host = at::empty({a.rows(), a.cols()}, at::kDouble);
  Eigen::Map<RowMajor>(host.data_ptr<double>(), a.rows(), a.cols()) = a;
  return host.to(like.device());
}

}  // namespace thalweg::dynamics
