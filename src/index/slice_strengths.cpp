#include "thalweg/index/slice_strengths.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/gaussian.hpp"
#include "thalweg/index/slices.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {
namespace {

constexpr int kSlices = 100;

double smallest_modulus(const Matrix& symmetric) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(symmetric, Eigen::EigenvaluesOnly);
  return solver.eigenvalues().cwiseAbs().minCoeff();
}

double unless_below(double value, double zero) { return value < zero ? 0 : value; }

struct SliceMoments {
  double count = 0;
  Vector sum;
  Matrix products;
};

std::vector<SliceMoments> moments_of(const Matrix& z, const Slices& slices) {
  const Eigen::Index r = z.cols();
  std::vector<SliceMoments> moments(static_cast<std::size_t>(slices.count),
                                    {.sum = Vector::Zero(r), .products = Matrix::Zero(r, r)});
  for (Eigen::Index i = 0; i < z.rows(); ++i) {
    auto& slice = moments[static_cast<std::size_t>(slices.labels[static_cast<std::size_t>(i)])];
    slice.count += 1;
    slice.sum += z.row(i).transpose();
    slice.products += z.row(i).transpose() * z.row(i);
  }
  return moments;
}

}  // namespace

SliceStrengths slice_strengths(const estimation::LinkFunction& link, std::int64_t points, Key key) {
  const char* where = "index::slice_strengths";
  if (points < 10'000)
    throw InvalidArgument(where, fmt::format("needs 10,000 points or more; got {}.", points));
  const Eigen::Index r = link.variables();
  Matrix z(points, r);
  Vector y(points);
  fill_gaussian({z.data(), static_cast<std::size_t>(z.size())}, key.with("points"));
  link.evaluate({z.data(), static_cast<std::size_t>(z.size())},
                {y.data(), static_cast<std::size_t>(points)});
  if (!y.allFinite())
    throw NonFinite(where, fmt::format("the link '{}' is not finite everywhere.", link.text()));

  const auto n = static_cast<double>(points);
  Matrix means = Matrix::Zero(r, r), spreads = Matrix::Zero(r, r);
  const auto slices = slices_of({y.data(), static_cast<std::size_t>(points)}, kSlices);
  for (const auto& slice : moments_of(z, slices)) {
    const Vector mean = slice.sum / slice.count;
    const Matrix spread =
        Matrix::Identity(r, r) - slice.products / slice.count + mean * mean.transpose();
    means += slice.count / n * mean * mean.transpose();
    spreads += slice.count / n * spread * spread;
  }
  const double noise = static_cast<double>(r + 1) * kSlices / n;  // of both, where there is nothing
  const Vector centred = y.array() - y.mean();
  const Matrix hessian =
      z.transpose() * centred.asDiagonal() * z / (n * std::sqrt(centred.squaredNorm() / n));
  return {.means = unless_below(smallest_modulus(means), 2 * noise),
          .spreads = unless_below(smallest_modulus(spreads), 2 * noise),
          .hessian = unless_below(smallest_modulus(hessian), 5 / std::sqrt(n))};
}

}  // namespace thalweg::index
