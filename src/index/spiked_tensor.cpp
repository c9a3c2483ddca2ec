#include "thalweg/index/spiked_tensor.hpp"

#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "index/sphere_walker.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::index {
namespace {

constexpr double kMostBytes = 2e9;

SymmetricTensor symmetric_noise(int order, int dimension, Key key) {
  const double numbers = std::pow(dimension, order) / (order <= 3   ? order - 1
                                                       : order == 4 ? 4
                                                                    : 12);
  if (order < 2 || order > 5 || dimension < 2 || 8 * numbers > kMostBytes) {
    throw InvalidArgument(
        "index::SpikedTensor",
        fmt::format("needs order 2 to 5, dimension 2 or more and at most 2 GB for "
                    "the noise; got order {}, dimension {} and {:.3g} GB.",
                    order,
                    dimension,
                    8e-9 * numbers));
  }
  // In an orthonormal basis Sym G is standard normal.
  std::vector<double> coordinates(
      static_cast<std::size_t>(SymmetricBasis(order, dimension).size()));
  fill_normal(std::span<double>(coordinates), key);
  return SymmetricTensor(order, dimension, coordinates);
}

class SpikedLoss : public SphereLoss {
 public:
  SpikedLoss(const SpikedTensor& tensor, double n, double flops)
      : tensor_(tensor), n_(n), flops_(flops) {}

  int dimension() const override { return tensor_.dimension(); }
  double flops() const override { return flops_; }

  void evaluate(MatrixView points,
                Eigen::Ref<Matrix> descent,
                Eigen::Ref<Vector> losses) const override {
    descent = tensor_.contract(n_, points);
    losses = -descent.cwiseProduct(points).rowwise().sum();
    descent *= tensor_.order();
  }

 private:
  const SpikedTensor& tensor_;
  double n_, flops_;
};

}  // namespace

SpikedTensor::SpikedTensor(int order, int dimension, Key key)
    : direction_(uniform_direction(dimension, key.with("direction"))),
      noise_(symmetric_noise(order, dimension, key.with("noise"))) {}

Matrix SpikedTensor::contract(double n, MatrixView points) const {
  const Vector overlaps = points * direction_;
  const Vector weights = overlaps.array().pow(order() - 1);
  return noise_.contract(points) / std::sqrt(n) + weights * direction_.transpose();
}

Matrix SpikedTensor::partial_trace(double n) const {
  const Matrix noise = noise_.partial_trace() / std::sqrt(n);
  if (order() % 2 == 1) return noise + direction_;
  return noise + direction_ * direction_.transpose();
}

Matrix SpikedTensor::unfolding(double n) const {
  const Matrix w = direction_.transpose();
  const Matrix row_power = noise_.left().powers(w), column_power = noise_.right().powers(w);
  return noise_.unfolding() / std::sqrt(n) + row_power.transpose() * column_power;
}

std::unique_ptr<SphereLoss> SpikedTensor::loss(double n) const {
  return std::make_unique<SpikedLoss>(
      *this, n, 2.0 * static_cast<double>(noise_.unfolding().size()));
}

}  // namespace thalweg::index
