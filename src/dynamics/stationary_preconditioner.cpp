#include "thalweg/dynamics/stationary_preconditioner.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/linalg/decompositions.hpp"

namespace thalweg::dynamics {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr const char* kWhere = "preconditioners";
constexpr double kGap = 1e-9;       // relative, at the end
constexpr int kNewtonSteps = 500;   // for one weight of the barrier
constexpr double kCentred = 1e-10;  // squared Newton decrement over the weight
constexpr double kRounding = 1e-14;
constexpr double kReduction = 0.3;  // at 0.1 the way from one centre to the next takes 150 steps

void require_valid(const MatrixXd& hessian, const VectorXd& drive) {
  if (hessian.rows() != hessian.cols() || hessian.rows() != drive.size() || drive.size() == 0) {
    throw InvalidArgument(kWhere,
                          fmt::format("needs H (P, P) and a (P); got ({}, {}) and {}.",
                                      hessian.rows(),
                                      hessian.cols(),
                                      drive.size()));
  }
  if (!hessian.allFinite() || !drive.allFinite())
    throw NonFinite(kWhere, "the Hessian or the gradient is not finite.");
}

/// tr M + sum a^2/M - mu (log det(2M - H) + sum log M), and its factorisation; nothing outside.
struct Barrier {
  const MatrixXd& hessian;
  VectorXd squares;  // a_i^2
  double mu = 1;

  std::optional<linalg::Cholesky> factor(const VectorXd& m) const {
    if (!(m.minCoeff() > 0)) return {};
    MatrixXd slack = -hessian;
    slack.diagonal() += 2 * m;
    return linalg::Cholesky::of(slack);
  }

  double value(const VectorXd& m, const linalg::Cholesky& llt) const {
    return m.sum() + (squares.array() / m.array()).sum() -
           mu * (llt.log_determinant() + m.array().log().sum());
  }
};

/// Newton's method with backtracking from a feasible m; m is where it ends.
void centre(const Barrier& barrier, VectorXd& m) {
  auto llt = barrier.factor(m);
  double value = barrier.value(m, *llt);
  for (int step = 0; step < kNewtonSteps; ++step) {
    const MatrixXd inverse = llt->solve(MatrixXd(MatrixXd::Identity(m.size(), m.size())));
    const VectorXd gradient = 1 - barrier.squares.array() / m.array().square() -
                              barrier.mu * (2 * inverse.diagonal().array() + 1 / m.array());
    MatrixXd curvature = 4 * barrier.mu * inverse.cwiseAbs2();
    curvature.diagonal().array() +=
        2 * barrier.squares.array() / m.array().cube() + barrier.mu / m.array().square();
    const auto factor = linalg::Cholesky::of(curvature);
    if (!factor) return;  // rounding has taken its convexity: as central as it gets
    const VectorXd direction = -factor->solve(gradient);
    const double slope = gradient.dot(direction);
    // What the step would gain is nothing beside the gap, or beside the value's rounding.
    if (-slope <= kCentred * barrier.mu + kRounding * std::abs(value)) return;
    double length = 1;
    for (; length > 1e-12; length /= 2) {
      const VectorXd next = m + length * direction;
      auto next_llt = barrier.factor(next);
      if (!next_llt) continue;
      const double next_value = barrier.value(next, *next_llt);
      if (!(next_value <= value + 0.1 * length * slope)) continue;
      m = next;
      llt = std::move(next_llt);
      value = next_value;
      break;
    }
    // The decrease has sunk below the rounding of the value: as central as it gets.
    if (length <= 1e-12) return;
  }
  throw RunFailed(
      kWhere,
      fmt::format("Newton's method did not settle in {} steps at barrier weight {:.3g}.",
                  kNewtonSteps,
                  barrier.mu));
}

}  // namespace

VectorXd stationary_preconditioner(const MatrixXd& hessian, const VectorXd& drive) {
  require_valid(hessian, drive);
  const double largest = linalg::eigenvalues(hessian).cwiseAbs().maxCoeff();
  const double scale = std::max(largest, drive.cwiseAbs().maxCoeff());
  if (!(scale > 0)) return VectorXd::Zero(drive.size());

  VectorXd m = VectorXd::Constant(drive.size(), scale);
  Barrier barrier{.hessian = hessian, .squares = drive.cwiseAbs2(), .mu = scale};
  const auto constraints = static_cast<double>(2 * drive.size());
  while (true) {
    centre(barrier, m);
    const double objective = m.sum() + (barrier.squares.array() / m.array()).sum();
    if (barrier.mu * constraints <= kGap * objective) return m;
    barrier.mu *= kReduction;
  }
}

double preconditioned_speed(const VectorXd& gradient, const VectorXd& diagonal) {
  return (gradient.array().square() / diagonal.array()).sum();
}

}  // namespace thalweg::dynamics
