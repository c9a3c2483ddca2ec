#pragma once

#include <optional>
#include <span>
#include <string>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// sum_i w_i (x_i - mean)(x_i - mean)^T, centred row by row: columns may lie far from 0.
Matrix centred_moment(MatrixView x, const Vector& w, const Vector& mean);

/// The map z = L^{-1} (x - mean) to rows of mean 0 and covariance L^{-1} (L L^T) L^{-T} = I. It is
/// applied to moments; the rows stay as they are.
struct Standardisation {
  Vector mean;
  Matrix l;  ///< lower triangular

  Vector coordinates(const Vector& v) const;  ///< L^{-1} v
  Matrix rows(MatrixView x) const;            ///< z of every row
  Matrix moment(const Matrix& m) const;       ///< L^{-1} m L^{-T}
  Matrix directions(const Matrix& u) const;   ///< back to x: L^{-T} u, made orthonormal
};

/// Nothing where n <= d. Cost n d^2 multiply-adds. @param names  (d) of the columns, for messages;
/// empty: their numbers
/// @throws InvalidArgument(where, ...)  a column that does not vary, or depends on those before it
std::optional<Standardisation> standardise(const std::string& where,
                                           MatrixView x,
                                           std::span<const std::string> names = {});

}  // namespace thalweg::index
