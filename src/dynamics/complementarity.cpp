#include "thalweg/dynamics/complementarity.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/linalg/decompositions.hpp"

namespace thalweg::dynamics {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr const char* kWhere = "central flow";
constexpr double kTolerance = 1e-8;        // of the three conditions, over |alpha|
constexpr double kAsymmetry = 1e-8;        // of alpha and B, over their norms
constexpr double kIndefinite = 1e-6;       // of B's negative eigenvalues, over the largest
constexpr double kRegularisation = 1e-12;  // added to B, in units of tr(B)/p
constexpr double kNewtonTarget = 1e-14;    // |F| over max(1, |x|): as small as rounding lets it be
constexpr int kNewtonSteps = 50;           // 8 were the most seen on random problems
constexpr int kHalvings = 30;
constexpr int kProximalSteps = 40;
constexpr double kProximalFirst = 1;    // sigma, in units of the rms of B's eigenvalues,
constexpr double kProximalRatio = 0.1;  // falls by this factor a step
constexpr double kProximalLast = 1e-13;
/// Directions whose scales differ by more are rescaled first: that takes a hundredth of the time,
/// and the residual in common units would hide errors of the stiff ones.
constexpr double kStiff = 30;

Index triangle(Index k) { return k * (k + 1) / 2; }

/// The problem in svec coordinates with |alpha| = 1 and B's eigenvalues of rms 1.
struct ScaledProblem {
  VectorXd alpha;
  MatrixXd b;          // negative eigenvalues clipped
  MatrixXd regular;    // b + 1e-12 tr(b)/p: what the iterations see
  double x_scale = 1;  // X = x_scale * scaled X
  double alpha_scale = 1;
};

struct Iterate {
  VectorXd x;
  int newton_steps = 0;
  int proximal_steps = 0;
};

void require_square_symmetric(const MatrixXd& m, const char* name) {
  if (m.rows() != m.cols()) {
    throw InvalidArgument(
        kWhere, fmt::format("{} must be square; got ({}, {}).", name, m.rows(), m.cols()));
  }
  if (!m.allFinite()) {
    throw InvalidArgument(kWhere, fmt::format("{} has an entry that is NaN or infinite.", name));
  }
  const double largest = m.size() == 0 ? 0 : m.cwiseAbs().maxCoeff();
  const double asymmetry = m.size() == 0 ? 0 : (m - m.transpose()).cwiseAbs().maxCoeff();
  if (asymmetry > kAsymmetry * largest) {
    throw InvalidArgument(kWhere,
                          fmt::format("{} must be symmetric; entries differ by {:.3g} where the "
                                      "largest is {:.3g}.",
                                      name,
                                      asymmetry,
                                      largest));
  }
}

void require_valid(const ComplementarityProblem& problem) {
  require_square_symmetric(problem.alpha, "alpha");
  require_square_symmetric(problem.b, "B");
  const Index k = problem.alpha.rows();
  if (k < 1 || problem.b.rows() != triangle(k)) {
    throw InvalidArgument(kWhere,
                          fmt::format("B must be (p, p) with p = k(k+1)/2 for a (k, k) alpha, "
                                      "k >= 1; got k = {} and p = {}.",
                                      k,
                                      problem.b.rows()));
  }
}

ScaledProblem scaled(const ComplementarityProblem& problem) {
  const Index p = problem.b.rows();
  // Largest entries first: the squares inside a norm of 1e-200 would underflow.
  const double b_largest = problem.b.cwiseAbs().maxCoeff();
  const MatrixXd unit = b_largest > 0 ? MatrixXd(problem.b / b_largest) : problem.b;
  const linalg::Eigenpairs eigen = linalg::eigenpairs(0.5 * (unit + unit.transpose()));
  const VectorXd& values = eigen.values;
  if (values.minCoeff() < -kIndefinite * values.cwiseAbs().maxCoeff()) {
    throw InvalidArgument(
        kWhere,
        fmt::format("B must be positive semidefinite; its eigenvalues lie between "
                    "{:.3g} and {:.3g}.",
                    values.minCoeff() * b_largest,
                    values.maxCoeff() * b_largest));
  }
  const VectorXd clipped = values.cwiseMax(0);
  const double rms = clipped.norm() / std::sqrt(static_cast<double>(p));
  const double b_scale = rms > 0 ? rms : 1;

  ScaledProblem s;
  const MatrixXd alpha = 0.5 * (problem.alpha + problem.alpha.transpose());
  const double alpha_largest = alpha.cwiseAbs().maxCoeff();
  s.alpha_scale = alpha_largest > 0 ? alpha_largest * (alpha / alpha_largest).norm() : 1;
  s.alpha = svec(alpha / s.alpha_scale);
  const MatrixXd& q = eigen.vectors;
  s.b = q * (clipped / b_scale).asDiagonal() * q.transpose();
  s.regular = s.b;
  s.regular.diagonal().array() += kRegularisation * s.b.trace() / static_cast<double>(p);
  s.x_scale = rms > 0 ? s.alpha_scale / rms / b_largest : 1;
  return s;
}

/// z = V diag(values) V^T and the projection of z onto the semidefinite cone, with its derivative.
class Projection {
 public:
  explicit Projection(const VectorXd& z) : eigen_(linalg::eigenpairs(smat(z))) {}

  VectorXd value() const {
    const MatrixXd& v = eigen_.vectors;
    return svec(v * eigen_.values.cwiseMax(0).asDiagonal() * v.transpose());
  }

  /// Pi'(E) = V (W o V^T E V) V^T, as a matrix on svec(E).
  MatrixXd derivative() const {
    const MatrixXd& v = eigen_.vectors;
    const MatrixXd w = weights();
    const Index p = triangle(v.rows());
    MatrixXd result(p, p);
    for (Index column = 0; column < p; ++column) {
      const MatrixXd e = smat(VectorXd::Unit(p, column));
      result.col(column) = svec(v * w.cwiseProduct(v.transpose() * e * v) * v.transpose());
    }
    return result;
  }

 private:
  /// W_ij: 1 where z_i and z_j are both positive, 0 where neither is, else max(z_i, z_j)/|z_i -
  /// z_j|.
  MatrixXd weights() const {
    const VectorXd& z = eigen_.values;
    return MatrixXd::NullaryExpr(z.size(), z.size(), [&z](Index i, Index j) {
      const double high = std::max(z[i], z[j]);
      const double low = std::min(z[i], z[j]);
      if (low > 0) return 1.0;
      return high > 0 ? high / (high - low) : 0.0;
    });
  }

  linalg::Eigenpairs eigen_;
};

/// One evaluation of F(x) = x - Pi(x - alpha - B x).
struct Evaluation {
  Evaluation(const ScaledProblem& problem, const VectorXd& x)
      : projection(x - problem.alpha - problem.regular * x), f(x - projection.value()) {}
  Projection projection;
  VectorXd f;
};

/// Semismooth Newton from `iterate.x`; stops at the target or where no shortened step lowers |F|.
void newton(const ScaledProblem& problem, Iterate& iterate) {
  const Index p = problem.alpha.size();
  const MatrixXd identity = MatrixXd::Identity(p, p);
  Evaluation now(problem, iterate.x);
  for (int step = 0; step < kNewtonSteps; ++step) {
    if (now.f.norm() <= kNewtonTarget * std::max(1.0, iterate.x.norm())) return;
    const MatrixXd jacobian = identity - now.projection.derivative() * (identity - problem.regular);
    VectorXd d = -linalg::solve(jacobian, now.f);
    if (!d.allFinite()) return;
    std::optional<Evaluation> next;
    for (int halving = 0; halving < kHalvings; ++halving, d *= 0.5) {
      next.emplace(problem, iterate.x + d);
      if (next->f.norm() < now.f.norm()) break;
      next.reset();
    }
    if (!next) return;
    iterate.x += d;
    now = *std::move(next);
    ++iterate.newton_steps;
  }
}

/// One proximal step: min over x in the cone of 1/2 x^T B x + alpha^T x + sigma/2 |x - x_now|^2, by
/// Newton's method. Its fixed points solve the problem itself, whatever sigma, which only sets the
/// conditioning of the step.
void proximal_step(const ScaledProblem& problem, double sigma, Iterate& iterate) {
  ScaledProblem near = problem;
  near.alpha -= sigma * iterate.x;
  near.regular = problem.b;
  near.regular.diagonal().array() += sigma;
  newton(near, iterate);
  iterate.x = Projection(iterate.x - near.alpha - near.regular * iterate.x).value();
  ++iterate.proximal_steps;
}

double smallest_eigenvalue(const MatrixXd& m) {
  return linalg::eigenvalues(m)[0];
}

/// Scales back and measures the three conditions, all in the scaled problem's units: X in
/// |alpha|/rms(B), slack in |alpha|; <X, slack> over max(1, |X|), so that neither a large nor a
/// tiny X distorts it.
ComplementaritySolution assess(const ScaledProblem& problem, const Iterate& iterate) {
  // Pi(z) rather than x: semidefinite to rounding.
  const VectorXd x = Projection(iterate.x - problem.alpha - problem.b * iterate.x).value();
  const VectorXd slack = problem.alpha + problem.b * x;
  const double x_violation = -smallest_eigenvalue(smat(x)) / std::max(1.0, x.norm());
  const double slack_violation = -smallest_eigenvalue(smat(slack));
  const double gap = std::abs(x.dot(slack)) / std::max(1.0, x.norm());

  ComplementaritySolution solution;
  solution.x = problem.x_scale * smat(x);
  solution.slack = problem.alpha_scale * smat(slack);
  solution.newton_steps = iterate.newton_steps;
  solution.proximal_steps = iterate.proximal_steps;
  solution.residual = std::max({0.0, x_violation, slack_violation, gap});
  return solution;
}

bool acceptable(const ComplementaritySolution& solution) {
  return solution.residual <= kTolerance && solution.x.allFinite();  // false for NaN too
}

[[noreturn]] void fail(const ComplementarityProblem& problem,
                       const ComplementaritySolution& solution) {
  const VectorXd b = linalg::eigenvalues(problem.b);
  throw RunFailed(
      kWhere,
      fmt::format(
          "no X >= 0 with alpha + B[X] >= 0 and <X, alpha + B[X]> = 0 was found: the conditions "
          "are missed by {:.3g} |alpha| after {} Newton and {} proximal steps. k = {}, |alpha| = "
          "{:.6g}, "
          "smallest eigenvalue of alpha {:.6g}; eigenvalues of B between {:.6g} and {:.6g}. "
          "None exists if B[X] = 0 and <alpha, X> < 0 for some X >= 0: the third derivatives "
          "along the critical directions then vanish or depend on each other.",
          solution.residual,
          solution.newton_steps,
          solution.proximal_steps,
          problem.alpha.rows(),
          problem.alpha.norm(),
          smallest_eigenvalue(problem.alpha),
          b[0],
          b[b.size() - 1]));
}

VectorXd closed_form(const ScaledProblem& problem) {
  const double b = problem.regular(0, 0);
  return VectorXd::Constant(1, b > 0 ? std::max(0.0, -problem.alpha[0] / b) : 0.0);
}

ComplementaritySolution solve(const ComplementarityProblem& problem) {
  const ScaledProblem s = scaled(problem);
  Iterate iterate{.x = VectorXd::Zero(s.alpha.size())};
  if (s.alpha.size() == 1) {
    iterate.x = closed_form(s);
  } else {
    newton(s, iterate);
  }
  ComplementaritySolution solution = assess(s, iterate);
  // Newton's method alone settles well-conditioned problems; where the eigenvalues of B spread over
  // 1e6 and more, every fifth one stalls (and as many with ADMM behind it), against one in 200
  // along a falling sigma.
  double sigma = kProximalFirst;
  if (!acceptable(solution)) iterate.x.setZero();
  for (int step = 0; step < kProximalSteps && !acceptable(solution); ++step) {
    proximal_step(s, sigma, iterate);
    solution = assess(s, iterate);
    sigma = std::max(kProximalLast, kProximalRatio * sigma);
  }
  return solution;
}

/// d_i = B_ii,ii^(1/4): with X in units of 1/(d_i d_j) every direction answers alike.
VectorXd direction_scales(const MatrixXd& b, Index k) {
  VectorXd scales(k);
  Index place = 0;
  for (Index i = 0; i < k; ++i) {
    scales[i] = std::pow(std::max(b(place, place), 0.0), 0.25);
    place += k - i;
  }
  return scales;
}

/// Directions of very different stiffness are brought to one scale: X -> D X D keeps the three
/// conditions, and the condition number of B falls with the fourth power of D's.
ComplementaritySolution solve_in_units_of(const VectorXd& d,
                                          const ComplementarityProblem& problem) {
  const Index k = d.size();
  const MatrixXd outer = d * d.transpose();
  const VectorXd factors = svec(outer.cwiseInverse()).cwiseQuotient(svec(MatrixXd::Ones(k, k)));
  ComplementaritySolution solution =
      solve({.alpha = problem.alpha.cwiseQuotient(outer),
             .b = factors.asDiagonal() * problem.b * factors.asDiagonal()});
  solution.x = solution.x.cwiseQuotient(outer);
  solution.slack = solution.slack.cwiseProduct(outer);
  return solution;
}

}  // namespace

VectorXd svec(const MatrixXd& x) {
  if (x.rows() != x.cols()) {
    throw InvalidArgument(
        "dynamics::svec",
        fmt::format("the matrix must be square; got ({}, {}).", x.rows(), x.cols()));
  }
  const Index k = x.rows();
  VectorXd v(triangle(k));
  Index next = 0;
  for (Index i = 0; i < k; ++i) {
    v[next++] = x(i, i);
    for (Index j = i + 1; j < k; ++j) v[next++] = std::sqrt(2.0) * x(i, j);
  }
  return v;
}

MatrixXd smat(const VectorXd& v) {
  const auto k = static_cast<Index>(std::floor(std::sqrt(2.0 * static_cast<double>(v.size()))));
  if (triangle(k) != v.size()) {
    throw InvalidArgument("dynamics::smat",
                          fmt::format("the length must be k(k+1)/2 for some k; got {}.", v.size()));
  }
  MatrixXd x(k, k);
  Index next = 0;
  for (Index i = 0; i < k; ++i) {
    x(i, i) = v[next++];
    for (Index j = i + 1; j < k; ++j) x(i, j) = x(j, i) = v[next++] / std::sqrt(2.0);
  }
  return x;
}

ComplementaritySolution solve_complementarity(const ComplementarityProblem& problem) {
  require_valid(problem);
  const VectorXd d = direction_scales(problem.b, problem.alpha.rows());
  const bool scalable = d.minCoeff() > 0;
  const bool stiff = scalable && d.maxCoeff() > kStiff * d.minCoeff();
  std::optional<ComplementaritySolution> rescaled;
  if (stiff) rescaled = solve_in_units_of(d, problem);
  if (rescaled && acceptable(*rescaled)) return *rescaled;
  const ComplementaritySolution direct = solve(problem);
  if (acceptable(direct)) return direct;
  if (scalable && !rescaled) rescaled = solve_in_units_of(d, problem);
  if (rescaled && acceptable(*rescaled)) return *rescaled;
  fail(problem, direct);
}

}  // namespace thalweg::dynamics
