#pragma once

#include <string>

#include <Eigen/Core>

namespace thalweg::dynamics {

/// A k x k semidefinite complementarity problem:
///
///   X >= 0,   alpha + B[X] >= 0,   <X, alpha + B[X]> = 0,
///
/// that is min over X >= 0 of 1/2 <X, B[X]> + <alpha, X>, for a symmetric alpha and a symmetric
/// positive semidefinite linear map B on symmetric matrices, given in svec coordinates (see svec).
struct ComplementarityProblem {
  Eigen::MatrixXd alpha;  ///< (k, k), symmetric
  Eigen::MatrixXd b;      ///< (p, p), p = k(k+1)/2, acting on svec(X)
};

struct ComplementaritySolution {
  Eigen::MatrixXd x;      ///< (k, k), symmetric positive semidefinite
  Eigen::MatrixXd slack;  ///< alpha + B[X]
  int newton_steps = 0;
  int proximal_steps = 0;  ///< > 0 where Newton's method alone did not get there
  double residual = 0;     ///< largest violation of the three conditions over |alpha|
};

/// svec: the upper triangle row by row, (0,0), (0,1), ..., (1,1), ..., off-diagonals times sqrt(2),
/// so that <X, Y> = svec(X)^T svec(Y).
Eigen::VectorXd svec(const Eigen::MatrixXd& x);
Eigen::MatrixXd smat(const Eigen::VectorXd& v);

/// Solves it: closed form at k = 1, semismooth Newton on x - Pi(x - alpha - B x) else, proximal
/// point steps (each by Newton) where that stalls. The three conditions are checked at the end, to
/// 1e-8 |alpha|: with X in units of |alpha|/b, b the rms of B's eigenvalues, X >= 0, slack >= 0 and
/// |<X, slack>| / max(1, |X|). Where directions differ widely in stiffness, the problem is solved,
/// and checked, with each in units of B_ii,ii^(-1/4).
///
/// @throws InvalidArgument  shapes, asymmetry, NaN
/// @throws RunFailed        no solution found: the numbers, and that none may exist (B singular on
/// some X >= 0 with
///                          <alpha, X> < 0)
/// Source: [Cohen2024], arXiv:2410.24206; Newton's derivative of the projection: [Sun2006].
ComplementaritySolution solve_complementarity(const ComplementarityProblem& problem);

}  // namespace thalweg::dynamics
