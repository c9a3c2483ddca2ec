#include "thalweg/spectrum/lobpcg.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "spectrum/block.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/linalg/decompositions.hpp"

namespace thalweg::spectrum {
namespace {

constexpr auto kWhere = "eigenvalues";
constexpr Key kReplacementKey{.seed = 0, .purpose = 0x6c6f62706367};  // "lobpcg"

void require_finite(bool finite, Eigen::Index column, std::int64_t columns, int iteration) {
  if (!finite) {
    throw NonFinite(
        kWhere,
        fmt::format("the operator returned NaN or infinity for column {} of the {} it was given at "
                    "iteration {}. Check the point it is linearised at.",
                    column,
                    columns,
                    iteration));
  }
}

/// Decides that rounding, not the spectrum, holds the residual up.
class StagnationMonitor {
 public:
  explicit StagnationMonitor(double epsilon) : epsilon_(epsilon) {}

  /// Takes the largest relative residual and the sum of the Ritz values, over the wanted pairs.
  /// True if it is the best so far.
  bool improved(double residual, double ritz_sum) {
    const bool rising = ritz_sum > ritz_sum_ + 1e2 * epsilon_ * std::abs(ritz_sum);
    const bool better = rising || residual < 0.9 * residual_;
    if (better) {
      residual_ = residual;
      ritz_sum_ = std::max(ritz_sum, ritz_sum_);
      waited_ = 0;
    } else {
      ++waited_;
    }
    return better;
  }

  /// Near what the precision can resolve two idle iterations say enough; far above it LOBPCG may
  /// rest a while.
  bool stalled() const { return waited_ >= (residual_ < 32 * epsilon_ ? 2 : 8); }

 private:
  double epsilon_;
  double residual_ = std::numeric_limits<double>::infinity();
  double ritz_sum_ = -std::numeric_limits<double>::infinity();
  int waited_ = 0;
};

/// A set of Ritz pairs, vectors as rows.
struct RitzPairs {
  at::Tensor x;           // (k, n)
  at::Tensor ax;          // (k, n)
  Vector theta;           // (k), descending
  Vector residual_norms;  // (k)
};

class Lobpcg {
 public:
  Lobpcg(const RowOperator& a, const LobpcgOptions& options, int wanted)
      : a_(a), options_(options), wanted_(wanted) {}

  EigenPairs solve(const at::Tensor& x0);

 private:
  void start(const at::Tensor& x0);
  void compute_residuals();
  std::vector<std::int64_t> unconverged() const;
  bool add_search_directions(const std::vector<std::int64_t>& active);
  void rayleigh_ritz(const std::vector<std::int64_t>& active);
  double relative(double residual_norm) const;
  EigenPairs result(Status status) const;

  const RowOperator& a_;
  LobpcgOptions options_;
  int wanted_;

  RitzPairs now_;
  RitzPairs best_;
  at::Tensor residuals_;  // (k, n)
  at::Tensor p_, ap_;     // (j, n), the last step of the columns that moved; no rows at first
  at::Tensor r_, ar_;     // (j, n), the residuals of the active columns, then nothing
  Matrix gram_;           // inner products of the rows of [X; P; R]
  int iterations_ = 0;
  std::int64_t operator_columns_ = 0;
};

EigenPairs Lobpcg::solve(const at::Tensor& x0) {
  start(x0);
  StagnationMonitor monitor(machine_epsilon(x0.scalar_type()));
  for (;;) {
    compute_residuals();
    const double worst = relative(now_.residual_norms.head(wanted_).maxCoeff());
    if (monitor.improved(worst, now_.theta.head(wanted_).sum())) {
      best_ = now_;
    }
    const auto active = unconverged();
    if (active.empty()) {
      best_ = now_;
      return result(Status::kConverged);
    }
    if (iterations_ == options_.max_iterations) {
      return result(Status::kMaxIterations);
    }
    if (monitor.stalled() || !add_search_directions(active)) {
      return result(Status::kStagnated);
    }
    ++iterations_;
    rayleigh_ritz(active);
  }
}

void Lobpcg::start(const at::Tensor& x0) {
  now_.x = orthonormal_rows(x0.detach().t().contiguous(), kReplacementKey);
  now_.ax = a_(now_.x);
  operator_columns_ += now_.x.size(0);
  p_ = ap_ = r_ = ar_ = now_.x.narrow(0, 0, 0);
  gram_ = symmetric_products(now_.x, now_.x);
  rayleigh_ritz({});
}

double Lobpcg::relative(double residual_norm) const {
  const double scale = now_.theta.cwiseAbs().maxCoeff();
  return residual_norm > 0 ? residual_norm / scale : 0.0;
}

void Lobpcg::compute_residuals() {
  const at::Tensor theta = to_tensor(now_.theta, now_.x.options());
  residuals_ = at::addcmul(now_.ax, now_.x, theta, -1);
  now_.residual_norms =
      to_matrix(at::linalg_vector_norm(residuals_, 2, at::IntArrayRef{1}).unsqueeze(1));
}

std::vector<std::int64_t> Lobpcg::unconverged() const {
  std::vector<std::int64_t> columns;
  for (int i = 0; i < wanted_; ++i) {
    if (relative(now_.residual_norms(i)) > options_.tolerance) {
      columns.push_back(i);
    }
  }
  return columns;
}

/// Sets R to an orthonormal basis of the residuals of `active`, orthogonal to X and P, and AR.
/// False if nothing is left of them.
///
/// Making R orthonormal before A is applied, and P in the coefficients, keeps every row of the
/// basis and its image exact to rounding. With the bare residuals and steps their near dependence
/// multiplies the rounding at each iteration: in float32 one start in a hundred then lost the pairs
/// altogether. [Hetmaniuk2006], J. Comput. Phys. 218:324-332; [Duersch2018], SIAM J. Sci. Comput.
/// 40(5):C655-C676.
bool Lobpcg::add_search_directions(const std::vector<std::int64_t>& active) {
  const auto known = now_.x.size(0) + p_.size(0);
  std::vector<at::Tensor> rows{now_.x, p_};
  for (const auto i : active) {
    rows.push_back(residuals_.narrow(0, i, 1));
  }
  double amplification = 0;  // of rounding, by the combination
  do {
    gram_ = symmetric_products(rows, rows);
    const Matrix basis = orthonormal_basis(gram_,
                                           Matrix::Identity(gram_.rows(), gram_.rows()),
                                           dependence_threshold(now_.x.scalar_type()));
    if (basis.cols() <= known) {
      return false;
    }
    const Matrix fresh = basis.rightCols(basis.cols() - known);
    r_ = combine(fresh.transpose(), rows);
    rows = {now_.x, p_, r_};
    amplification = (gram_.diagonal().cwiseSqrt().asDiagonal() * fresh).cwiseAbs().maxCoeff();
  } while (amplification > 4);

  const auto m = known + r_.size(0);
  gram_.conservativeResize(known, known);
  gram_.conservativeResizeLike(Matrix::Identity(m, m));
  ar_ = a_(r_);
  operator_columns_ += r_.size(0);
  return true;
}

/// Chooses signs so that each new vector points along the old one that it holds most of.
void keep_orientation(Matrix& step, Eigen::Index k) {
  for (Eigen::Index j = 0; j < k; ++j) {
    Eigen::Index nearest = 0;
    step.col(j).head(k).cwiseAbs().maxCoeff(&nearest);
    if (step(nearest, j) < 0) {
      step.col(j) = -step.col(j);
    }
  }
}

/// Best pairs in the span of [X, P, R], where P and R belong to the columns `active`.
void Lobpcg::rayleigh_ritz(const std::vector<std::int64_t>& active) {
  const auto k = now_.x.size(0);
  const auto m = gram_.rows();
  const std::vector<at::Tensor> rows{now_.x, p_, r_};
  const std::vector<at::Tensor> images{now_.ax, ap_, ar_};
  const Matrix projected = symmetric_products(rows, images);
  const auto fresh = r_.size(0) > 0 ? m - r_.size(0) : 0;  // the first row whose image is new
  for (Eigen::Index i = fresh; i < m; ++i) {
    require_finite(std::isfinite(projected(i, i)), i - fresh, m - fresh, iterations_);
  }

  const Matrix basis = orthonormal_basis(gram_, Matrix::Identity(m, m), 0);
  const auto [values, vectors] = linalg::eigenpairs(basis.transpose() * projected * basis);
  now_.theta = values.tail(k).reverse();
  Matrix step = basis * vectors.rightCols(k).rowwise().reverse();  // (m, k)
  keep_orientation(step, k);

  // The next P: the steps of the active columns without their parts along X, orthonormal to the new
  // X.
  Matrix directions(m, k + static_cast<Eigen::Index>(active.size()));
  directions.leftCols(k) = step;
  for (Eigen::Index j = k; j < directions.cols(); ++j) {
    directions.col(j) = step.col(active[static_cast<std::size_t>(j - k)]);
    directions.col(j).head(k).setZero();
  }
  const Matrix coefficients = orthonormal_basis(gram_, directions, 1e-8).transpose();
  const auto advance = [&](at::Tensor& x, at::Tensor& p, const std::vector<at::Tensor>& old) {
    const at::Tensor both = combine(coefficients, old);
    x = both.narrow(0, 0, k);
    p = both.narrow(0, k, coefficients.rows() - k);
  };
  advance(now_.x, p_, rows);
  advance(now_.ax, ap_, images);
  r_ = ar_ = p_.narrow(0, 0, 0);
}

std::string explanation(Status status,
                        const LobpcgOptions& options,
                        int iterations,
                        double residual) {
  switch (status) {
    case Status::kConverged:
      return {};
    case Status::kMaxIterations:
      return fmt::format(
          "relative residual {:.1e} after {} iterations, tolerance {:.1e}. Raise max_iterations, "
          "or keep more guard vectors if eigenvalues lie close together.",
          residual,
          iterations,
          options.tolerance);
    case Status::kStagnated:
      return fmt::format(
          "relative residual {:.1e} stopped falling above the tolerance {:.1e}: the operator is no "
          "more precise than that. Raise the tolerance or use float64.",
          residual,
          options.tolerance);
  }
  return {};
}

at::Tensor host_doubles(const Vector& v) {
  return to_tensor(v, at::TensorOptions().dtype(at::kDouble)).squeeze(1);
}

EigenPairs Lobpcg::result(Status status) const {
  const double worst = relative(best_.residual_norms.head(wanted_).maxCoeff());
  return {.values = host_doubles(best_.theta),
          .vectors = best_.x.t(),
          .products = best_.ax.t(),
          .residual_norms = host_doubles(best_.residual_norms),
          .iterations = iterations_,
          .operator_columns = operator_columns_,
          .status = status,
          .message = explanation(status, options_, iterations_, worst)};
}

/// All of A from its products with the identity, for n too small for a block method.
EigenPairs dense(const RowOperator& a, const at::Tensor& x0) {
  const auto n = x0.size(0);
  const auto k = x0.size(1);
  const at::Tensor a_rows = a(at::eye(n, x0.options()));
  const Matrix matrix = to_matrix(a_rows);
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    require_finite(matrix.row(i).allFinite(), i, n, 0);
  }
  const auto eigen = linalg::eigenpairs(0.5 * (matrix + matrix.transpose()));
  const Vector values = eigen.values.tail(k).reverse();
  const at::Tensor x =
      to_tensor(eigen.vectors.rightCols(k).rowwise().reverse().transpose(), x0.options());
  const at::Tensor ax = combine(to_matrix(x), a_rows);
  const Vector norms = (to_matrix(ax) - values.asDiagonal() * to_matrix(x)).rowwise().norm();
  return {.values = host_doubles(values),
          .vectors = x.t(),
          .products = ax.t(),
          .residual_norms = host_doubles(norms),
          .operator_columns = n,
          .message = {}};
}

int check(const at::Tensor& x0, const LobpcgOptions& options) {
  if (!x0.defined() || x0.dim() != 2 || x0.size(1) < 1 || x0.size(1) > x0.size(0)) {
    throw InvalidArgument(
        kWhere,
        fmt::format("x0 must be (n, k) with 1 <= k <= n; got ({}).",
                    x0.defined() ? fmt::format("{}", fmt::join(x0.sizes(), ", ")) : "nothing"));
  }
  if (x0.scalar_type() != at::kFloat && x0.scalar_type() != at::kDouble) {
    throw InvalidArgument(
        kWhere, fmt::format("x0 must be float32 or float64; got {}.", toString(x0.scalar_type())));
  }
  const auto k = static_cast<int>(x0.size(1));
  const int wanted = options.wanted < 0 ? k : options.wanted;
  if (wanted < 1 || wanted > k) {
    throw InvalidArgument(
        kWhere,
        fmt::format("wanted must be between 1 and the {} columns of x0; got {}.", k, wanted));
  }
  if (!(options.tolerance >= 0) || options.max_iterations < 0) {
    throw InvalidArgument(
        kWhere,
        fmt::format("tolerance and max_iterations must not be negative; got {} and {}.",
                    options.tolerance,
                    options.max_iterations));
  }
  return wanted;
}

}  // namespace

EigenPairs lobpcg(const LinearOperator& a, const at::Tensor& x0, const LobpcgOptions& options) {
  const int wanted = check(x0, options);
  const RowOperator rows(a, kWhere);
  const at::NoGradGuard no_grad;
  if (5 * x0.size(1) >= x0.size(0)) {
    return dense(rows, x0);
  }
  return Lobpcg(rows, options, wanted).solve(x0);
}

}  // namespace thalweg::spectrum
