#pragma once

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::linalg {

/// Eigenvalues with orthonormal eigenvectors as columns; of every vector the entry of largest
/// modulus is positive.
struct SymmetricEigen {
  Vector values;
  Matrix vectors;
};

/// All eigenpairs, values descending. @param a  (d, d); the lower triangle is read. Cost 9 d^3.
SymmetricEigen symmetric_eigen(MatrixView a);

/// The `count` largest eigenvalues, descending. @throws InvalidArgument  count outside 1..d
/// Cost 9 d^3, as for all of them.
SymmetricEigen leading_eigenpairs(MatrixView a, int count);

/// The eigenpair of largest |value|.
SymmetricEigen eigenpair_of_largest_modulus(MatrixView a);

/// An orthonormal basis (d, rank) of the columns' span. Columns within 1e-10 of the span of those
/// before them are dropped.
Matrix orthonormal_basis(MatrixView columns);

}  // namespace thalweg::linalg
