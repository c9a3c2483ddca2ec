#include "index/significance.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>

#include "thalweg/base/parallel.hpp"

namespace thalweg::index {
namespace {

constexpr int kFirst = 19;  // draws after which a score may lie too far beyond to go on
constexpr double kSafety = 3;

/// Signs of n rows, 64 to a random number.
std::vector<double> random_signs(std::size_t n, Key key) {
  std::vector<double> signs(n);
  for (std::size_t i = 0; i < n; i += 64) {
    std::uint64_t bits = random_bits(key, i / 64);
    for (std::size_t j = i; j < std::min(n, i + 64); ++j, bits >>= 1)
      signs[j] = (bits & 1) != 0 ? 1 : -1;
  }
  return signs;
}

Matrix permuted(const Matrix& rows, Key key) {
  const auto order = random_permutation(rows.rows(), key);
  Matrix result(rows.rows(), rows.cols());
  for (Eigen::Index i = 0; i < rows.rows(); ++i)
    result.row(i) = rows.row(order[static_cast<std::size_t>(i)]);
  return result;
}

/// P(score >= mean + t deviations) <= 1 / (1 + t^2), with kSafety times the deviation of `scores`.
bool far_beyond(double score, const std::vector<double>& scores, int count) {
  const Eigen::Map<const Eigen::ArrayXd> s(scores.data(), std::ssize(scores));
  const double deviation = std::sqrt((s - s.mean()).square().mean());
  return score - s.mean() > kSafety * deviation * std::sqrt(static_cast<double>(count));
}

}  // namespace

Significance::Significance(const std::vector<Cells>& partitions, Matrix moved, Matrix kept)
    : partitions_(partitions), moved_(std::move(moved)), kept_(std::move(kept)) {
  for (const Cells& cells : partitions_)
    deviations_.push_back(null_deviation(cells, moved_.cols()));
  std::tie(score_, best_) = score_of(moved_, {});
}

std::pair<double, std::size_t> Significance::score_of(const Matrix& moved,
                                                      const std::vector<double>& signs) const {
  const Eigen::Index size = moved.cols();
  Vector sum(size);
  /// Adds a row to the sum, and returns its square.
  const auto add = [&](Eigen::Index row) {
    const double sign = signs.empty() ? 1 : signs[static_cast<std::size_t>(row)];
    const double* v = moved.row(row).data();
    const double* factor = kept_.size() > 0 ? kept_.row(row).data() : nullptr;
    double square = 0;
    for (Eigen::Index b = 0; b < size; ++b) {
      const double value = factor != nullptr ? v[b] * factor[b] : v[b];
      sum[b] += sign * value;
      square += value * value;
    }
    return square;
  };
  std::pair<double, std::size_t> best = {-std::numeric_limits<double>::infinity(), 0};
  for (std::size_t p = 0; p < partitions_.size(); ++p) {
    const Cells& cells = partitions_[p];
    double total = 0;
    for (std::size_t c = 0; c < cells.count(); ++c) {
      const std::size_t begin = cells.begins[c], end = cells.begins[c + 1];
      if (end - begin < 2) continue;
      sum.setZero();
      double squares = 0;
      for (std::size_t i = begin; i < end; ++i) squares += add(cells.rows[i]);
      total += (sum.squaredNorm() - squares) / static_cast<double>(end - begin - 1);
    }
    const double score = total / (static_cast<double>(moved.rows()) * deviations_[p]);
    if (score > best.first) best = {score, p};
  }
  return best;
}

double Significance::random_score(Kind kind, Key key) const {
  if (kind == Kind::kPermutations) return score_of(permuted(moved_, key), {}).first;
  return score_of(moved_, random_signs(static_cast<std::size_t>(moved_.rows()), key)).first;
}

bool Significance::beyond(int count, Key key, int threads) const {
  return beyond(Kind::kSigns, count, key.with("signs"), threads) &&
         beyond(Kind::kPermutations, count, key.with("permutations"), threads);
}

bool Significance::beyond(Kind kind, int count, Key key, int threads) const {
  std::vector<double> scores;
  while (std::ssize(scores) < count) {
    const int done = static_cast<int>(scores.size());
    const int next = std::min(count, done < kFirst ? std::min(2 * done + 8, kFirst) : done + 32);
    scores.resize(static_cast<std::size_t>(next));
    parallel_for(next - done, threads, [&](std::int64_t i) {
      const auto at = static_cast<std::uint64_t>(done + i);
      scores[at] = random_score(kind, key.with(at));
    });
    if (std::ranges::max(scores) >= score_) return false;
    if (next == kFirst && far_beyond(score_, scores, count)) return true;
  }
  return true;
}

}  // namespace thalweg::index
