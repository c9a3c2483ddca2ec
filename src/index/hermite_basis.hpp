#pragma once

#include <span>
#include <vector>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// The products h_{m_1}(v_1) ... h_{m_q}(v_q) with m_1 + ... + m_q = k: an orthonormal basis of the
/// Hermite functions of degree k in q standard normal variables, that is of symmetric tensors.
class HermiteBasis {
 public:
  HermiteBasis(int variables, int order);

  int order() const { return order_; }
  int size() const { return static_cast<int>(indices_.size()); }  ///< C(q + k - 1, k)

  /// @param v  (q)   @param out  (size), written
  void values(std::span<const double> v, std::span<double> out) const;

  /// Those of every row. @param points  (n, q)   @return (n, size)
  Matrix values(const Matrix& points) const;

  /// G_ab = sum over the other indices of E[T_{a...} T_{b...}]: the Gram matrix (q, q) of the first
  /// unfolding, from the second moments (size, size) of the tensor's coefficients in this basis.
  Matrix unfolding_gram(const Matrix& moments) const;

 private:
  using MultiIndex = std::vector<int>;

  /// @param powers  ((k + 1) q), written: h_0 ... h_k of every variable
  void values(std::span<const double> v, std::span<double> powers, std::span<double> out) const;
  std::size_t power_count() const {
    return static_cast<std::size_t>(variables_) * static_cast<std::size_t>(order_ + 1);
  }

  int variables_, order_;
  std::vector<MultiIndex> indices_;
};

}  // namespace thalweg::index
