#include "thalweg/index/sphere_loss.hpp"

#include <cmath>
#include <utility>

#include "thalweg/linalg/product.hpp"

namespace thalweg::index {
namespace {

using linalg::Form;

class TensorLoss : public SphereLoss {
 public:
  explicit TensorLoss(SymmetricTensor tensor) : tensor_(std::move(tensor)) {}

  int dimension() const override { return tensor_.dimension(); }
  double flops() const override { return 2.0 * static_cast<double>(tensor_.unfolding().size()); }

  void evaluate(MatrixView points,
                Eigen::Ref<Matrix> descent,
                Eigen::Ref<Vector> losses) const override {
    descent = tensor_.contract(points);
    losses = -descent.cwiseProduct(points).rowwise().sum();
    descent *= tensor_.order();
  }

 private:
  SymmetricTensor tensor_;
};

class CorrelationLoss : public SphereLoss {
 public:
  CorrelationLoss(int k, Matrix x, Vector y)
      : k_(k), x_(std::move(x)), y_(std::move(y) / static_cast<double>(x_.rows())) {}

  int dimension() const override { return static_cast<int>(x_.cols()); }
  double flops() const override { return 4.0 * static_cast<double>(x_.size()); }

  void evaluate(MatrixView points,
                Eigen::Ref<Matrix> descent,
                Eigen::Ref<Vector> losses) const override {
    // h_{k-1} and h_k of every theta.x_i, by their recurrence on whole rows.
    Matrix a = Matrix::Zero(points.rows(), x_.rows());
    linalg::add_product(1, points, Form::kPlain, x_, Form::kTransposed, a);
    Matrix slopes(a.rows(), a.cols());
    for (Eigen::Index r = 0; r < a.rows(); ++r) {
      Eigen::ArrayXd before = Eigen::ArrayXd::Zero(a.cols()),
                     value = Eigen::ArrayXd::Ones(a.cols());
      for (int j = 0; j < k_; ++j) {
        const Eigen::ArrayXd next =
            (a.row(r).transpose().array() * value - std::sqrt(j) * before) / std::sqrt(j + 1);
        before.swap(value);
        value = next;
      }
      losses[r] = -(value * y_.array()).sum();
      slopes.row(r) = (std::sqrt(k_) * before * y_.array()).matrix().transpose();
    }
    descent.setZero();
    linalg::add_product(1, slopes, Form::kPlain, x_, Form::kPlain, descent);
  }

 private:
  int k_;
  Matrix x_;
  Vector y_;  // over n
};

constexpr double kMostTensorBytes = 256e6;

}  // namespace

void project_to_tangent(MatrixView points, Eigen::Ref<Matrix> descent) {
  const Vector along = descent.cwiseProduct(points).rowwise().sum();
  descent -= along.asDiagonal() * points;
}

std::unique_ptr<SphereLoss> tensor_loss(SymmetricTensor tensor) {
  return std::make_unique<TensorLoss>(std::move(tensor));
}

std::unique_ptr<SphereLoss> correlation_loss(int k, Matrix x, Vector y) {
  return std::make_unique<CorrelationLoss>(k, std::move(x), std::move(y));
}

std::unique_ptr<SphereLoss> fastest_correlation_loss(int k,
                                                     Matrix x,
                                                     Vector y,
                                                     double evaluations) {
  const double n = static_cast<double>(x.rows()), d = static_cast<double>(x.cols());
  const double numbers = k == 2 ? d * d : 0.5 * d * d * d;
  const double by_tensor = 2 * numbers * (evaluations + n), by_rows = 4 * n * d * evaluations;
  if ((k == 2 || k == 3) && by_tensor < by_rows && 8 * numbers < kMostTensorBytes) {
    return tensor_loss(hermite_tensor(k, x, {y.data(), static_cast<std::size_t>(y.size())}));
  }
  return correlation_loss(k, std::move(x), std::move(y));
}

}  // namespace thalweg::index
