#include "thalweg/index/sphere_loss.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "index/sphere_walker.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::testing {
namespace {

using index::correlation_loss;
using index::fastest_correlation_loss;
using index::hermite_tensor;
using index::SphereLoss;
using index::SymmetricBasis;
using index::SymmetricTensor;
using index::tensor_loss;

constexpr int kRows = 200, kD = 7;

Matrix gaussian_rows() {
  Matrix x(kRows, kD);
  fill_normal(std::span<double>(x.data(), kRows * kD), Key{1});
  return x;
}

Vector responses() {
  Vector y(kRows);
  fill_normal(std::span<double>(y.data(), kRows), Key{2});
  return y;
}

Matrix sphere_points(int rows, int d) {
  Matrix points(rows, d);
  for (int r = 0; r < rows; ++r) {
    points.row(r) = index::uniform_direction(d, Key{3}.with(static_cast<std::uint64_t>(r)));
  }
  return points;
}

struct Evaluated {
  Matrix descent;
  Vector losses;
};

Evaluated evaluate(const SphereLoss& loss, const Matrix& points) {
  Evaluated out{Matrix(points.rows(), points.cols()), Vector(points.rows())};
  loss.evaluate(points, out.descent, out.losses);
  return out;
}

// Along a geodesic through theta towards a tangent unit vector e, L changes at the rate -b.e.
void expect_slopes(const SphereLoss& loss) {
  const int d = loss.dimension();
  const Matrix points = sphere_points(2, d);
  const Vector theta = points.row(0).transpose();
  Vector e = points.row(1).transpose() - theta * theta.dot(points.row(1).transpose());
  e.normalize();
  Evaluated at = evaluate(loss, theta.transpose());
  index::project_to_tangent(theta.transpose(), at.descent);
  EXPECT_NEAR(at.descent.row(0).dot(theta.transpose()), 0, 1e-12 * at.descent.norm());
  const auto moved = [&](double angle) {
    const Vector point = std::cos(angle) * theta + std::sin(angle) * e;
    return evaluate(loss, point.transpose()).losses[0];
  };
  const double h = 1e-3;
  const double slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
  EXPECT_NEAR(at.descent.row(0).dot(e.transpose()), -slope, 1e-9 * at.descent.norm());
}

TEST(SphereLoss, DescentIsMinusTheGradient) {
  for (int k = 1; k <= 6; ++k) expect_slopes(*correlation_loss(k, gaussian_rows(), responses()));
  for (int k = 2; k <= 5; ++k) {
    std::vector<double> coordinates(static_cast<std::size_t>(SymmetricBasis(k, kD).size()));
    fill_normal(std::span<double>(coordinates), Key{4});
    expect_slopes(*tensor_loss(SymmetricTensor(k, kD, coordinates)));
  }
}

TEST(SphereLoss, IsTheMeanCorrelation) {
  const Matrix x = gaussian_rows(), points = sphere_points(3, kD);
  const Vector y = responses();
  for (int k = 1; k <= 5; ++k) {
    const auto got = evaluate(*correlation_loss(k, x, y), points);
    for (int r = 0; r < 3; ++r) {
      double loss = 0;
      for (int i = 0; i < kRows; ++i) {
        loss -= y[i] * hermite::hermite(k, x.row(i).dot(points.row(r))) / kRows;
      }
      EXPECT_NEAR(got.losses[r], loss, 1e-13);
    }
  }
}

TEST(SphereLoss, TensorAndRowsAgree) {
  const Matrix x = gaussian_rows(), points = sphere_points(3, kD);
  const Vector y = responses();
  for (const int k : {2, 3}) {
    const auto by_rows = correlation_loss(k, x, y);
    const auto by_tensor = fastest_correlation_loss(k, x, y, 1e6);
    EXPECT_NE(by_tensor->flops(), by_rows->flops()) << "200 rows in seven dimensions";
    const auto a = evaluate(*by_rows, points), b = evaluate(*by_tensor, points);
    EXPECT_LT((a.losses - b.losses).norm(), 1e-13);
    // They differ off the sphere: gradients agree along it.
    Matrix first = a.descent, second = b.descent;
    index::project_to_tangent(points, first);
    index::project_to_tangent(points, second);
    EXPECT_LT((first - second).norm(), 1e-12);
  }
  EXPECT_EQ(fastest_correlation_loss(3, x, y, 1)->flops(), 4 * kRows * kD);
}

}  // namespace
}  // namespace thalweg::testing
