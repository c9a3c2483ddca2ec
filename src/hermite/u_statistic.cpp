#include "thalweg/hermite/u_statistic.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "hermite/kernels/pair_weights.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/parallel.hpp"
#include "thalweg/linalg/gram.hpp"
#include "thalweg/linalg/product.hpp"

namespace thalweg::hermite {
namespace {

using linalg::Form;

constexpr int kMostOrder = 4;
constexpr Eigen::Index kBlock = 256;  // pairs are taken 256 x 256: two squares fill 1 MB of cache
constexpr Eigen::Index kShares = 16;  // sums of their own, added in order at the end
constexpr std::size_t kManyClasses = 5;

void check(const char* where, int k, int most, Eigen::Index rows, Eigen::Index labels) {
  if (k < 1 || k > most) {
    throw InvalidArgument(where, fmt::format("the order must be 1 to {}; got {}.", most, k));
  }
  if (rows < 2) {
    throw InvalidArgument(where, fmt::format("needs two rows or more; got {}.", rows));
  }
  if (labels != rows) {
    throw InvalidArgument(
        where, fmt::format("needs a label for each of the {} rows; got {}.", rows, labels));
  }
}

double factorial(int k) { return std::tgamma(k + 1.0); }

double pairs_of(Eigen::Index n) { return static_cast<double>(n) * static_cast<double>(n - 1); }

// C(d + k - 1, k): E |h_k|^2.
double tensor_size(Eigen::Index d, int k) {
  double size = 1;
  for (int j = 0; j < k; ++j) size *= static_cast<double>(d + j) / (j + 1);
  return size;
}

// What the laws of U with labels independent of x need of a kernel.
struct KernelMoments {
  double squares = 0;  // sum_{i != j} K_ij^2
  double rank = 0;     // (tr K)^2 / tr K^2: of a projector, up to scale, its rank
};

KernelMoments moments_of(MatrixView psi) {
  const Matrix gram = linalg::gram(psi);
  const double squares = gram.squaredNorm(), trace = gram.trace();
  return {.squares = squares - psi.rowwise().squaredNorm().squaredNorm(),
          .rank = squares > 0 ? trace * trace / squares : 0};
}

double trace_sd(double squares_of_kernel, Eigen::Index n, Eigen::Index d, int k) {
  return std::sqrt(2 * squares_of_kernel * tensor_size(d, k)) / pairs_of(n);
}

// U of the sum over pairs. The largest eigenvalue is that of sum_l A_l A_l^T - E, the A_l as many
// unfolded symmetric tensors as the kernel's rank, each of C(d+k-2, k-1) different columns: like a
// Wishart matrix of so many degrees N, with Tracy and Widom's law at the upper edge of its
// eigenvalues. Symmetry makes a trace vary k times as much as 2 d N.
UStatistic with_laws(
    Matrix sum, const KernelMoments& kernel, Eigen::Index n, Eigen::Index d, int k) {
  UStatistic u{.matrix = std::move(sum) / pairs_of(n),
               .trace_sd = trace_sd(kernel.squares, n, d, k)};
  const double p = static_cast<double>(d);
  const double degrees = std::max(1.0, kernel.rank) * tensor_size(d, k - 1);
  const double unit = u.trace_sd / std::sqrt(2 * k * p * degrees);
  const double roots = std::sqrt(degrees) + std::sqrt(p);
  u.edge = unit * (roots * roots - degrees);
  u.edge_scale = unit * roots * std::cbrt(1 / std::sqrt(degrees) + 1 / std::sqrt(p));
  return u;
}

std::span<const double> as_span(const Vector& v) {
  return {v.data(), static_cast<std::size_t>(v.size())};
}

// Block number b of n rows.
struct Rows {
  Eigen::Index first, count;
};

Eigen::Index blocks_of(Eigen::Index n) { return (n + kBlock - 1) / kBlock; }

Rows block_rows(Eigen::Index block, Eigen::Index n) {
  const Eigen::Index first = block * kBlock;
  return {.first = first, .count = std::min(kBlock, n - first)};
}

// out = M_a M_b^T
void multiply_rows(const MatrixView& m, Rows a, Rows b, Matrix& out) {
  out.setZero(a.count, b.count);
  linalg::add_product(1,
                      m.middleRows(a.first, a.count),
                      Form::kPlain,
                      m.middleRows(b.first, b.count),
                      Form::kTransposed,
                      out);
}

/// The sum over pairs of rows, block rows dealt out to shares that each have sums of their own.
///
/// K_ij and the pair coefficients are symmetric in i and j, so with V = K (outer + swapped) and
/// r_i = sum_j K_ij own,
///   k! sum = X^T V X + 2 X^T diag(r) X + sum_ij K_ij identity I,
/// and of V only the blocks on and above the diagonal are formed: V = B + B^T with half of V on the
/// diagonal, X^T B X = sum_a X_a^T (sum_{b >= a} B_ab X_b).
class PairSum {
 public:
  PairSum(int k, MatrixView x, MatrixView psi)
      : k_(k), x_(x), psi_(psi), norms_(x.rowwise().squaredNorm()) {}

  Matrix over_all_pairs(int threads) const {
    const Eigen::Index blocks = blocks_of(x_.rows());
    std::vector<Share> shares(static_cast<std::size_t>(std::min(kShares, blocks)));
    const auto count = static_cast<std::int64_t>(shares.size());
    parallel_for(count, threads, [&](std::int64_t i) {
      Share& share = shares[static_cast<std::size_t>(i)];
      share.product = Matrix::Zero(x_.cols(), x_.cols());
      share.own = Vector::Zero(x_.rows());
      // Block row a has blocks - a blocks: long and short rows alternate.
      for (Eigen::Index round = 0, a = i; a < blocks; ++round) {
        add_block_row(a, blocks, share);
        a = (round + 1) * count + (round % 2 == 0 ? count - 1 - i : i);
      }
    });
    Share total = std::move(shares.front());
    for (std::size_t i = 1; i < shares.size(); ++i) {
      total.product += shares[i].product;
      total.own += shares[i].own;
      total.identity += shares[i].identity;
    }
    Matrix sum = total.product + total.product.transpose();
    if (k_ > 1) sum += 2 * linalg::gram(x_, as_span(total.own));
    sum.diagonal().array() += 2 * total.identity;
    return sum / factorial(k_);
  }

 private:
  struct Share {
    Matrix product;       // X^T B X
    Vector own;           // r
    double identity = 0;  // half the sum over pairs
  };

  // Buffers for one block of pairs.
  struct Scratch {
    Matrix inner, kernel;
  };

  void add_block_row(Eigen::Index a, Eigen::Index blocks, Share& share) const {
    const Rows row = block_rows(a, x_.rows());
    Matrix weighted = Matrix::Zero(row.count, x_.cols());  // sum_b B_ab X_b
    Scratch scratch;
    for (Eigen::Index b = a; b < blocks; ++b) {
      const Rows column = block_rows(b, x_.rows());
      add_block(row, column, scratch, share);
      linalg::add_product(1,
                          scratch.kernel,
                          Form::kPlain,
                          x_.middleRows(column.first, column.count),
                          Form::kPlain,
                          weighted);
    }
    linalg::add_product(1,
                        x_.middleRows(row.first, row.count),
                        Form::kTransposed,
                        weighted,
                        Form::kPlain,
                        share.product);
  }

  std::span<const double> norms(Rows rows) const {
    return as_span(norms_).subspan(static_cast<std::size_t>(rows.first),
                                   static_cast<std::size_t>(rows.count));
  }

  // B_ab into scratch.kernel, and its part of own and identity.
  void add_block(Rows a, Rows b, Scratch& scratch, Share& share) const {
    const bool diagonal = a.first == b.first;
    multiply_rows(psi_, a, b, scratch.kernel);
    if (diagonal) {
      scratch.kernel *= 0.5;
      scratch.kernel.diagonal().setZero();
    }
    if (k_ > 1) multiply_rows(x_, a, b, scratch.inner);
    const auto part = [&share](Rows rows) {
      return std::span<double>(share.own.data() + rows.first, static_cast<std::size_t>(rows.count));
    };
    share.identity += kernels::pair_weights(k_,
                                            static_cast<double>(x_.cols()),
                                            norms(a),
                                            norms(b),
                                            scratch.inner.data(),
                                            scratch.kernel.data(),
                                            part(a),
                                            part(b));
  }

  int k_;
  MatrixView x_;
  MatrixView psi_;
  Vector norms_;
};

// sum_i w_i phi_k(x_i) phi_k(x_i)^T for k = 1, 2.
Matrix weighted_diagonal(int k, MatrixView x, const Vector& w) {
  if (k == 1) return linalg::gram(x, as_span(w));
  // ((|x|^2 - 2) x x^T + I) / 2
  const Vector weights = 0.5 * w.cwiseProduct(Vector(x.rowwise().squaredNorm().array() - 2.0));
  Matrix sum = linalg::gram(x, as_span(weights));
  sum.diagonal().array() += 0.5 * w.sum();
  return sum;
}

// The rows of each class, together.
std::vector<std::vector<Eigen::Index>> members_of(std::span<const int> classes) {
  std::vector<std::vector<Eigen::Index>> members;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] < 0) {
      throw InvalidArgument("hermite::u_statistic_of_classes",
                            fmt::format("classes count from 0; got {}.", classes[i]));
    }
    const auto c = static_cast<std::size_t>(classes[i]);
    if (c >= members.size()) members.resize(c + 1);
    members[c].push_back(static_cast<Eigen::Index>(i));
  }
  std::erase_if(members, [](const auto& rows) { return rows.empty(); });
  return members;
}

Matrix gathered(MatrixView x, const std::vector<Eigen::Index>& rows) {
  Matrix result(static_cast<Eigen::Index>(rows.size()), x.cols());
  for (std::size_t i = 0; i < rows.size(); ++i)
    result.row(static_cast<Eigen::Index>(i)) = x.row(rows[i]);
  return result;
}

// sum_i w_i h_2(x_i) as a matrix; ones for no weights.
Matrix second_order_sum(MatrixView x, std::span<const double> w) {
  Matrix sum = linalg::gram(x, w);
  const double total =
      w.empty() ? static_cast<double>(x.rows()) : std::accumulate(w.begin(), w.end(), 0.0);
  sum.diagonal().array() -= total;
  return sum / std::sqrt(2.0);
}

// use(work(0)), use(work(1)), ... in order; work runs on some threads, `threads` results at a time.
template <typename Work, typename Use>
void for_each_in_order(std::size_t count, int threads, Work work, Use use) {
  std::vector<decltype(work(0))> results(static_cast<std::size_t>(std::max(1, threads)));
  for (std::size_t first = 0; first < count; first += results.size()) {
    const std::size_t several = std::min(results.size(), count - first);
    parallel_for(static_cast<std::int64_t>(several), threads, [&](std::int64_t i) {
      const auto index = static_cast<std::size_t>(i);
      results[index] = work(first + index);
    });
    for (std::size_t i = 0; i < several; ++i) use(results[i]);
  }
}

// Per class its rows' share, and the kernel's weight on pairs inside it.
struct Classes {
  std::vector<std::vector<Eigen::Index>> members;
  std::vector<double> weights;  // 1 / p
  double n = 0;

  explicit Classes(std::span<const int> classes)
      : members(members_of(classes)), n(static_cast<double>(classes.size())) {
    for (const auto& rows : members) weights.push_back(n / static_cast<double>(rows.size()));
  }

  // Features psi of the kernel 1{same class} / p - 1: (1{class c} - p_c) / sqrt(p_c).
  Matrix centred_indicators() const {
    const auto count = static_cast<Eigen::Index>(members.size());
    Matrix psi(static_cast<Eigen::Index>(n), count);
    for (Eigen::Index c = 0; c < count; ++c) {
      const auto index = static_cast<std::size_t>(c);
      const double root = std::sqrt(weights[index]);
      psi.col(c).setConstant(-1 / root);
      for (const Eigen::Index i : members[index]) psi(i, c) += root;
    }
    return psi;
  }

  // Of K_ij = 1{same class} / p - base, base 0 or 1.
  KernelMoments moments(int base) const {
    double same = 0, squares = 0;
    for (std::size_t c = 0; c < members.size(); ++c) {
      const double pairs = pairs_of(static_cast<Eigen::Index>(members[c].size()));
      same += pairs;
      squares += pairs * (weights[c] - base) * (weights[c] - base);
    }
    return {.squares = squares + (pairs_of(static_cast<Eigen::Index>(n)) - same) * base,
            .rank = static_cast<double>(members.size()) - base};
  }
};

// sum_c A_c A_c^T / p_c - A A^T for k = 1: A_c = sum of the x_i of class c, A of all.
Matrix first_order_squares(MatrixView x, const Classes& classes) {
  Matrix sums = Matrix::Zero(static_cast<Eigen::Index>(classes.members.size()), x.cols());
  for (std::size_t c = 0; c < classes.members.size(); ++c)
    for (const Eigen::Index i : classes.members[c])
      sums.row(static_cast<Eigen::Index>(c)) += x.row(i);
  const Vector total = sums.colwise().sum();
  return linalg::gram(sums, classes.weights) - total * total.transpose();
}

// The same for k = 2: A_c = sum of the h_2(x_i) of class c, a (d, d) matrix.
Matrix second_order_squares(MatrixView x, const Classes& classes, int threads) {
  struct Moment {
    Matrix sum, square;
  };
  Matrix squares = Matrix::Zero(x.cols(), x.cols()), total = squares;
  const auto work = [&](std::size_t c) -> Moment {
    const Matrix sum = second_order_sum(gathered(x, classes.members[c]), {});
    return {.sum = sum, .square = classes.weights[c] * linalg::gram(sum)};
  };
  for_each_in_order(classes.members.size(), threads, work, [&](const Moment& moment) {
    squares += moment.square;
    total += moment.sum;
  });
  return squares - linalg::gram(total);
}

// sum_{i != j} K_ij phi_i phi_j^T for k = 1, 2 and K_ij = 1{same class} / p - 1.
Matrix low_order_sum(int k, MatrixView x, const Classes& classes, int threads) {
  Vector diagonal(x.rows());
  for (std::size_t c = 0; c < classes.members.size(); ++c)
    for (const Eigen::Index i : classes.members[c]) diagonal[i] = classes.weights[c] - 1;
  const Matrix squares =
      k == 1 ? first_order_squares(x, classes) : second_order_squares(x, classes, threads);
  return squares - weighted_diagonal(k, x, diagonal);
}

// sum_{i != j} K_ij phi_i phi_j^T for K_ij = 1{same class} / p.
Matrix sum_within_classes(int k, MatrixView x, const Classes& classes, int threads) {
  Matrix sum = Matrix::Zero(x.cols(), x.cols());
  const auto work = [&](std::size_t c) -> Matrix {
    const Matrix rows = gathered(x, classes.members[c]);
    return classes.weights[c] * PairSum(k, rows, Matrix::Ones(rows.rows(), 1)).over_all_pairs(1);
  };
  for_each_in_order(
      classes.members.size(), threads, work, [&](const Matrix& result) { sum += result; });
  return sum;
}

// F_k of pairs with inner products s and squared norms p, q, by the recursion of pairwise.hpp.
Eigen::ArrayXXd forms(int k, const Eigen::ArrayXXd& s, VectorView p, VectorView q, double d) {
  const Eigen::ArrayXXd c =
      ((-p).replicate(1, q.size()).rowwise() - q.transpose()).array() + d;  // d - p - q
  Eigen::ArrayXXd f3, f2, f1, f0 = Eigen::ArrayXXd::Ones(s.rows(), s.cols());
  f3 = f2 = f1 = Eigen::ArrayXXd::Zero(s.rows(), s.cols());
  for (int j = 0; j < k; ++j) {
    Eigen::ArrayXXd next = s * (f0 + j * (j - 1.0) * f2) + j * (c + 2.0 * (j - 1)) * f1 -
                           j * (j - 1.0) * (j - 2) * (d + j - 3) * f3;
    f3.swap(f2);
    f2.swap(f1);
    f1.swap(f0);
    f0.swap(next);
  }
  return f0;
}

}  // namespace

Vector UStatistic::prominence(const Vector& eigenvalues) const {
  constexpr double kTracyWidomMean = -1.2065, kTracyWidomSd = 1.268;
  Vector result = Vector::Zero(eigenvalues.size());
  if (edge_scale == 0) return result;
  for (Eigen::Index j = 0; j < eigenvalues.size(); ++j) {
    // Mean places below the edge: for j > 0 those at which the edge's density, sqrt(s) / pi, has
    // left room for j + 1/4 eigenvalues, right to 0.03.
    const double place =
        j == 0 ? kTracyWidomMean
               : -std::pow(1.5 * std::numbers::pi * (static_cast<double>(j) + 0.25), 2.0 / 3);
    result[j] = ((eigenvalues[j] - edge) / edge_scale - place) / kTracyWidomSd;
  }
  return result;
}

UStatistic u_statistic_by_pairs(int k, MatrixView x, MatrixView psi, int threads) {
  check("hermite::u_statistic_by_pairs", k, kMostOrder, x.rows(), psi.rows());
  return with_laws(
      PairSum(k, x, psi).over_all_pairs(threads), moments_of(psi), x.rows(), x.cols(), k);
}

UStatistic u_statistic_by_features(int k, MatrixView x, MatrixView psi, int threads) {
  check("hermite::u_statistic_by_features", k, 2, x.rows(), psi.rows());
  Matrix sum = -weighted_diagonal(k, x, psi.rowwise().squaredNorm());
  if (k == 1) {
    Matrix moments = Matrix::Zero(psi.cols(), x.cols());
    linalg::add_product(1, psi, Form::kTransposed, x, Form::kPlain, moments);
    sum += linalg::gram(moments);
  } else {
    const auto work = [&](std::size_t l) {
      const Vector weights = psi.col(static_cast<Eigen::Index>(l));
      return linalg::gram(second_order_sum(x, as_span(weights)));
    };
    for_each_in_order(
        static_cast<std::size_t>(psi.cols()), threads, work, [&](const Matrix& square) {
          sum += square;
        });
  }
  return with_laws(std::move(sum), moments_of(psi), x.rows(), x.cols(), k);
}

UStatistic u_statistic(int k, MatrixView x, MatrixView psi, int threads) {
  const double n = static_cast<double>(x.rows()), d = static_cast<double>(x.cols());
  const double m = static_cast<double>(psi.cols());
  const bool features = k == 1 || (k == 2 && m * (n + d) * d * d < n * n * (2 * d + m));
  return features ? u_statistic_by_features(k, x, psi, threads)
                  : u_statistic_by_pairs(k, x, psi, threads);
}

UStatistic u_statistic_of_classes(int k, MatrixView x, std::span<const int> classes, int threads) {
  const Eigen::Index n = x.rows();
  check("hermite::u_statistic_of_classes",
        k,
        kMostOrder,
        n,
        static_cast<Eigen::Index>(classes.size()));
  const Classes groups(classes);
  if (k > 2 && groups.members.size() < kManyClasses)
    return u_statistic_by_pairs(k, x, groups.centred_indicators(), threads);
  Matrix sum =
      k <= 2 ? low_order_sum(k, x, groups, threads) : sum_within_classes(k, x, groups, threads);
  return with_laws(std::move(sum), groups.moments(k <= 2 ? 1 : 0), n, x.cols(), k);
}

Vector trace_scores(int k, MatrixView x, MatrixView t, int threads) {
  check("hermite::trace_scores", k, 12, x.rows(), t.rows());
  const Eigen::Index n = x.rows(), blocks = blocks_of(n);
  const Vector norms = x.rowwise().squaredNorm();
  // Row a of sums: what block row a adds to the sum over pairs, for each transform.
  Matrix sums = Matrix::Zero(blocks, t.cols());
  parallel_for(blocks, threads, [&](std::int64_t a) {
    const Rows row = block_rows(a, n);
    Matrix inner;
    for (Eigen::Index b = a; b < blocks; ++b) {
      const Rows column = block_rows(b, n);
      multiply_rows(x, row, column, inner);
      Matrix f = forms(k,
                       inner.array(),
                       norms.segment(row.first, row.count),
                       norms.segment(column.first, column.count),
                       static_cast<double>(x.cols()));
      if (a == b) {
        f *= 0.5;
        f.diagonal().setZero();
      }
      Matrix product = Matrix::Zero(row.count, t.cols());
      linalg::add_product(
          1, f, Form::kPlain, t.middleRows(column.first, column.count), Form::kPlain, product);
      sums.row(a) += product.cwiseProduct(t.middleRows(row.first, row.count)).colwise().sum();
    }
  });
  Vector scores = 2 * sums.colwise().sum().transpose() / (factorial(k) * pairs_of(n));
  for (Eigen::Index l = 0; l < t.cols(); ++l)
    scores[l] /= trace_sd(moments_of(t.col(l)).squares, n, x.cols(), k);
  return scores;
}

}  // namespace thalweg::hermite
