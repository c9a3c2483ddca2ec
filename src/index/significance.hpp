#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "index/cells.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// Whether E[v | cell] is zero for the rows v of a table, tried with several partitions into cells.
///
/// The score is the largest, over partitions, of the estimate of E |E[v | cell]|^2 in deviations of
/// its null law. How large it gets by chance is told by tables made at random: with permuted rows,
/// for which rows and cells are independent, and with rows of random signs, which keep the spread
/// that rows have in each cell. Neither heavy tails of v, nor a spread that differs from cell to
/// cell, nor the choice among partitions then raises the rate of false alarms.
class Significance {
 public:
  /// v = moved, or moved * kept entry by entry: only `moved` is permuted. @param moved, kept
  /// (n, size); kept may be empty. `partitions` is to live as long as this.
  Significance(const std::vector<Cells>& partitions, Matrix moved, Matrix kept = {});

  double score() const { return score_; }
  std::size_t best() const { return best_; }  ///< the partition of that score

  /// Whether the score exceeds those of `count` permutations and as many draws of signs: if rows
  /// and cells are independent, with probability 1 / (count + 1) or less. Stops at the first that
  /// is no smaller, and where the score lies so far beyond 19 of a kind that Cantelli's inequality,
  /// with three times their deviation, says the same. The answer does not depend on `threads`.
  bool beyond(int count, Key key, int threads) const;

 private:
  enum class Kind { kSigns, kPermutations };

  std::pair<double, std::size_t> score_of(const Matrix& moved,
                                          const std::vector<double>& signs) const;
  double random_score(Kind kind, Key key) const;
  bool beyond(Kind kind, int count, Key key, int threads) const;

  const std::vector<Cells>& partitions_;
  std::vector<double> deviations_;  ///< of the null law, one a partition
  Matrix moved_, kept_;
  double score_ = 0;
  std::size_t best_ = 0;
};

}  // namespace thalweg::index
