#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/hermite_basis.hpp"
#include "thalweg/index/slices.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// Rows in the order of their cells, and where each cell begins.
struct Cells {
  std::vector<std::int32_t> rows;
  std::vector<std::size_t> begins;  ///< (count + 1)

  std::size_t count() const { return begins.size() - 1; }
  bool operator==(const Cells& other) const = default;
};

/// Every slice of the response, cut into `bins` bins of equal normal mass along each coordinate.
/// @param coordinates  (n, s), of standard deviation one; s = 0: the slices
Cells cells_of(const Slices& slices, MatrixView coordinates, int bins);

/// The bins along each of `coordinates` for 20 of `rows` a cell on average, 25 at most; below 2
/// where there are too few rows.
int bins_for(Eigen::Index rows, int slices, Eigen::Index coordinates);

/// An estimate of E |E[v | cell]|^2.
struct CellEstimate {
  double value = 0;  ///< without bias: may be negative
  double se = 0;     ///< jackknife over rows
};

/// From products of two different rows of one cell. @param v  (n, size), of mean zero
CellEstimate estimate_between(const Cells& cells, const Matrix& v);
double strength_between(const Cells& cells, const Matrix& v);  ///< its value alone

/// Its standard deviation if the cells were independent of v, `size` orthonormal functions.
double null_deviation(const Cells& cells, Eigen::Index size);

/// What E |E[v | cell]|^2 must be to lie beyond all but the share `alpha` of its null law in half
/// of the cases: by a chi-square law, that of large cells.
double resolvable(const Cells& cells, Eigen::Index size, double alpha);

/// E[zeta zeta^T] (size, size), zeta = E[b(v) | cell] of the functions of a basis at v = rest^T z,
/// from the same products. @param z  (n, r)   @param rest  (r, q)
/// Cost: n (r + size^2) multiply-adds. The bits do not depend on `threads`.
Matrix moments_between(const Cells& cells,
                       const Matrix& z,
                       const Matrix& rest,
                       const HermiteBasis& basis,
                       int threads);

}  // namespace thalweg::index
