#pragma once

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::linalg {

/// Eigenvalues with orthonormal eigenvectors as columns; of every vector the entry of largest
/// modulus is positive.
struct SymmetricEigen {
  Vector values;
  Matrix vectors;
};

/// All eigenpairs, values descending. @param a  (d, d); the lower triangle is read
/// @throws NonFinite  an entry is not finite; InvalidArgument  a not square or empty
/// By relatively robust representations (LAPACK dsyevr). Cost about 4 d^3 flops.
SymmetricEigen symmetric_eigen(MatrixView a);

/// The `count` largest eigenvalues, descending. @throws InvalidArgument  count outside 1..d
/// Cost 4 d^3 / 3 flops, half of them memory-bound: 0.12 s for d = 1000.
SymmetricEigen leading_eigenpairs(MatrixView a, int count);

/// The eigenpair of largest |value|.
SymmetricEigen eigenpair_of_largest_modulus(MatrixView a);

/// An orthonormal basis (d, rank) of the columns' span. Columns within 1e-10 of the span of those
/// before them are dropped.
Matrix orthonormal_basis(MatrixView columns);

}  // namespace thalweg::linalg
