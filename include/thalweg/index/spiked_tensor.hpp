#pragma once

#include <memory>

#include "thalweg/base/random.hpp"
#include "thalweg/index/sphere_loss.hpp"
#include "thalweg/index/symmetric_tensor.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// Bytes of a spiked tensor, nearly all for the balanced unfolding of its noise.
double spiked_tensor_bytes(int order, int dimension);

inline constexpr double kMostSpikedTensorBytes = 2e9;

/// Tensor principal components: Y = w^k + n^{-1/2} Sym G, w uniform on the sphere, G with
/// independent standard normal entries. Sym keeps the symmetric part: an entry with m equal ones
/// has variance 1/m. n plays the part of the sample size.
///
/// One spike and one noise for all n, both functions of the key. Memory: see SymmetricTensor.
class SpikedTensor {
 public:
  /// @param order  k, 2 to 5   @param dimension  d, 2 and up
  /// @throws InvalidArgument  otherwise, or where it would take over kMostSpikedTensorBytes
  SpikedTensor(int order, int dimension, Key key);

  int order() const { return noise_.order(); }
  int dimension() const { return noise_.dimension(); }
  const Vector& direction() const { return direction_; }  ///< w (d)

  /// Y[v, ..., v] with k - 1 places filled, for every row v of `points`: (rows, d).
  Matrix contract(double n, MatrixView points) const;

  /// Y[I^{(k-1)/2}] as one column (d) for odd k, Y[I^{(k-2)/2}] (d, d) for even k.
  Matrix partial_trace(double n) const;

  /// The balanced unfolding of Y in the coordinates of SymmetricTensor.
  Matrix unfolding(double n) const;

  /// Of the unfolding: order 1 (k = 2, 3) or 2 (k = 4, 5).
  const SymmetricBasis& rows() const { return noise_.left(); }

  /// L = -<Y, theta^k>. Refers to this tensor.
  std::unique_ptr<SphereLoss> loss(double n) const;

 private:
  Vector direction_;
  SymmetricTensor noise_;
};

}  // namespace thalweg::index
