#pragma once

#include <functional>
#include <span>
#include <vector>

namespace thalweg::hermite {

/// sum_i weights[i] f(nodes[i]); nodes ascending.
struct QuadratureRule {
  std::vector<double> nodes;
  std::vector<double> weights;
};

/// E[f(Z)] for Z ~ N(0, 1); exact for polynomials of degree below 2 `nodes`.
///
/// For smooth f only: at a jump the error falls like 1 / sqrt(nodes). Weights sum to one; those
/// below 1e-308 are zero. @param nodes  1..512   Cost nodes^2. Source: Golub and Welsch, Math.
/// Comp. 23:221 (1969), with Newton steps on the nodes.
QuadratureRule gauss_hermite(int nodes);

/// The integral of f over [-1, 1]. Weights sum to two. @param nodes  1..512
QuadratureRule gauss_legendre(int nodes);

/// E[f(xi)] for xi the first coordinate of a uniform point on the unit sphere S^{d-2} in R^{d-1}:
/// Gauss-Gegenbauer. Weights sum to one.
///
/// The density is proportional to (1 - xi^2)^{(d-4)/2}. Built from the Jacobi matrix, which is
/// well-conditioned for any d: sqrt(d-1) xi tends to the nodes of gauss_hermite.
/// @param nodes  1..512   @param d  at least 3
QuadratureRule gauss_sphere(int nodes, double d);

/// Writes m values for each point: out is (x.size(), m), row-major.
using Integrand = std::function<void(std::span<const double> x, std::span<double> out)>;

struct IntegralOptions {
  double tolerance = 1e-12;  ///< absolute, on the error of every one of the m integrals
  int most_panels = 4000;    ///< of 40 nodes each; then the integral is given as it is
};

struct Integral {
  std::vector<double> values;  ///< (m)
  std::vector<double> errors;  ///< (m) sum over panels of what halving them changed
  bool converged = false;      ///< no error above the tolerance but for rounding
};

/// m integrals at once over [edges.front(), edges.back()], by panels of 40 Gauss-Legendre nodes.
///
/// Panels begin at most 1 wide, do not straddle an edge, and the one that halving changes most is
/// halved next: a singularity inside a panel costs about 50 halvings. The error is that before the
/// last halving, hence on the safe side for smooth integrands.
/// @param edges  ascending, at least two; points where the integrand jumps or has a kink inside
/// @throws InvalidArgument  edges not ascending; NonFinite  the integrand was not finite (and
/// where)
Integral integrate(const Integrand& f,
                   int m,
                   std::span<const double> edges,
                   const IntegralOptions& options = {});

}  // namespace thalweg::hermite
