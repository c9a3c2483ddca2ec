#pragma once

#include <span>
#include <string>
#include <vector>

#include "thalweg/base/random.hpp"
#include "thalweg/index/leap.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

struct SampleLeapOptions {
  int max_order = 6;          ///< orders tried at each leap, 1 to 6
  double false_alarm = 0.01;  ///< probability that pure noise shows anything, above 1e-4
  std::span<const std::string> names = {};    ///< of the columns, for messages
  std::string where = "index::sample_leaps";  ///< that messages name
  Key key = {};                               ///< of the permutations
  int threads = 1;
};

/// What samples say about one order, given the coordinates found before.
struct OrderTest {
  int order = 0;
  bool shows = false;
  double strength = 0;  ///< estimate of ||zeta_k||^2; cells can only lower it
  double se = 0;        ///< of strength, jackknife over rows
  double z_score = 0;   ///< strength over its deviation if nothing showed; cells as for the largest
  double resolvable = 0;  ///< a strength that would show in about half of the cases
  int cells = 0;
};

struct SampleLeaps {
  Leaps leaps;  ///< directions: of the whitened columns
  /// The orders tried for each leap; those tried in vain last, if some directions stayed
  /// undetected.
  std::vector<std::vector<OrderTest>> tests;
  /// Of each leap, (r, directions): weights of the columns, these of deviation one, that span its
  /// directions; see readable_basis.
  std::vector<Matrix> weights;
  std::string note = {};  ///< where there were too few rows to look on
};

/// Generative leaps from samples: those of generative_leaps with the rows in place of hidden
/// points.
///
/// The columns are whitened. y is cut into about 5, 15 and 50 slices, classes whole, and every
/// coordinate found into bins, with 20 rows a cell. An order shows if the largest of these scores
/// exceeds those of all permutations of the rows of the coordinates that are left, as many as keep
/// the rate of false alarms over all orders and leaps. Directions beside the first of an order must
/// exceed permutations of what is orthogonal to those before them. After the first leap strengths
/// below 1e-2 do not count.
///
/// @param x  (n, r) columns, r <= 4, about normal: what is not shows orders above 1 of its own
/// @param y  (n) numbers or classes   n >= 100
/// @throws InvalidArgument  sizes, options, a constant response, columns that do not vary or depend
/// on each other
/// Cost: about 100 n B multiply-adds for an order that shows, B = C(r + k - 1, k), up to r
/// max_order / false_alarm n B for a weak one, and a few n B for one that does not. Source:
/// [Damian2025]; tests and stops are of this project.
SampleLeaps sample_leaps(MatrixView x, VectorView y, const SampleLeapOptions& options = {});

}  // namespace thalweg::index
