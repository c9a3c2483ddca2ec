#pragma once

#include <Eigen/Core>

namespace thalweg {

/// Dense, float64, row-major: row i of a table of samples is contiguous.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

/// Views for arguments: any contiguous rows, no copy.
using MatrixView = Eigen::Ref<const Matrix>;
using VectorView = Eigen::Ref<const Vector>;

}  // namespace thalweg
