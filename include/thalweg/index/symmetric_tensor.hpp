#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// Symmetric tensors of one order in R^d in their orthonormal basis: the element of the sorted
/// multi-index i_1 <= ... <= i_q is the symmetrised e_{i_1} x ... x e_{i_q} at unit length.
///
/// Coordinates follow the index sum_j C(i_j + j - 1, j), i_j from 0: those of T are sqrt(m) times
/// its entries, m = q! / prod(multiplicities!) the number of equal ones.
class SymmetricBasis {
 public:
  /// @param order  0 and up   @param dimension  d, at least 1
  SymmetricBasis(int order, int dimension);

  int order() const { return order_; }
  int dimension() const { return dimension_; }
  std::int64_t size() const { return static_cast<std::int64_t>(scales_.size()); }

  std::int64_t place(std::span<const int> sorted) const;
  const Vector& scales() const { return scales_; }  ///< sqrt(m) of every place

  /// Calls visit(place, sorted multi-index) for each, in their order.
  void for_each(const std::function<void(std::int64_t, std::span<const int>)>& visit) const;

  /// Coordinates of v^q, for every row v of `points`: (rows, size). A unit vector's have norm one.
  Matrix powers(MatrixView points) const;

 private:
  int order_, dimension_;
  Vector scales_;
};

/// A symmetric tensor T of order 2 to 5, held as the matrix of its most balanced unfolding: orders
/// k/2 rounded down against k/2 rounded up, both in orthonormal symmetric coordinates.
///
/// Memory: 8 bytes for about d^2, d^3/2, d^4/4, d^5/12 numbers at orders 2 to 5.
class SymmetricTensor {
 public:
  /// @param coordinates  in SymmetricBasis(order, dimension)
  /// @throws InvalidArgument  order outside 2..5, dimension below 2, or coordinates of another size
  SymmetricTensor(int order, int dimension, std::span<const double> coordinates);

  int order() const { return order_; }
  int dimension() const { return left_.dimension(); }
  const Matrix& unfolding() const { return unfolding_; }
  const SymmetricBasis& left() const { return left_; }
  const SymmetricBasis& right() const { return right_; }

  /// T[v, ..., v] with k - 1 places filled, for every row v of `points`: (rows, d). One product of
  /// the unfolding with a matrix of as many columns as there are points.
  Matrix contract(MatrixView points) const;

  /// T[I^{(k-1)/2}] as a vector (d) in one column for odd k, T[I^{(k-2)/2}] (d, d) for even k.
  Matrix partial_trace() const;

 private:
  int order_;
  SymmetricBasis left_, right_;
  Matrix unfolding_;
};

/// (1/n) sum_i t_i h_k(x_i), the empirical Hermite tensor. @param k  2 or 3
/// Cost: n d^k flops.
SymmetricTensor hermite_tensor(int k, MatrixView x, std::span<const double> t);

}  // namespace thalweg::index
