#include "thalweg/index/spiked_tensor.hpp"

#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "index/sphere_walker.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::index {
namespace {

SymmetricTensor symmetric_noise(int order, int dimension, Key key) {
  const bool known = order >= 2 && order <= 5 && dimension >= 2;
  if (!known || spiked_tensor_bytes(order, dimension) > kMostSpikedTensorBytes) {
    throw InvalidArgument(
        "index::SpikedTensor",
        fmt::format(
            "needs order 2 to 5, dimension 2 or more and at most {:.3g} GB; got order {}, "
            "dimension {}{}.",
            1e-9 * kMostSpikedTensorBytes,
            order,
            dimension,
            known ? fmt::format(" and {:.3g} GB", 1e-9 * spiked_tensor_bytes(order, dimension))
                  : ""));
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

double spiked_tensor_bytes(int order, int dimension) {
  const int rows = order / 2, columns = order - rows;
  return sizeof(double) * std::pow(dimension, order) /
         (std::tgamma(rows + 1) * std::tgamma(columns + 1));
}

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
