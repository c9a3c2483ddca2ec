#pragma once

#include <memory>
#include <span>

#include "thalweg/index/symmetric_tensor.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// A loss L on the unit sphere of R^d, known by its values and descent directions.
class SphereLoss {
 public:
  virtual ~SphereLoss() = default;

  virtual int dimension() const = 0;
  virtual double flops() const = 0;  ///< of an evaluation at one point, about

  /// For every row theta of `points` (R, d), |theta| = 1: -grad L, not projected, into `descent`
  /// (R, d), and L into `losses` (R). Many points cost less than as many calls.
  virtual void evaluate(MatrixView points,
                        Eigen::Ref<Matrix> descent,
                        Eigen::Ref<Vector> losses) const = 0;
};

/// b(theta) = -P_theta grad L from `descent`, in place: rows lose their part along theta.
void project_to_tangent(MatrixView points, Eigen::Ref<Matrix> descent);

/// L = -<T, theta^k>, T of order k. Cost for each point: see SymmetricTensor::contract.
std::unique_ptr<SphereLoss> tensor_loss(SymmetricTensor tensor);

/// The correlation loss L = -(1/n) sum_i y_i psi(theta.x_i) of a student psi = h_k.
/// @param x  (n, d)   @param y  (n). Cost for each point: 4 n d flops.
std::unique_ptr<SphereLoss> correlation_loss(int k, Matrix x, Vector y);

/// The same loss, by its tensor where `evaluations` of it come out cheaper that way (orders 2 and
/// 3, of at most 256 MB), else by the rows.
std::unique_ptr<SphereLoss> fastest_correlation_loss(int k, Matrix x, Vector y, double evaluations);

}  // namespace thalweg::index
