#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/estimator.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// How alike two responses are: K(y, y').
enum class LabelKernel {
  kSlices,  ///< 1{same slice} / its share; 5, 10, 20 or 50 slices, those with the largest score
  kRadial,  ///< exp(-(u - u')^2 / 2 s^2) on normal scores u, s their median distance, by 64 random
            ///< frequencies
  kLinear   ///< y y', y standardised: sees what raw y correlates with
};

struct LeapEstimateOptions {
  LabelKernel kernel = LabelKernel::kSlices;
  int slices = 0;  ///< of y, about; 0: those with the largest score
  int lowest_order = 1;
  int highest_order = 3;      ///< at most 4
  int directions = 0;         ///< r, where it is known; 0: as many as permutations bear out
  int most_directions = 6;    ///< where it is not known, and d / 4 at most
  int permutations = 19;      ///< of the labels, for the largest eigenvalue of noise
  double false_alarm = 0.05;  ///< of the trace tests, shared by orders, directions and slicings
  Key key = {};
  int threads = 1;
  std::function<bool()> interrupted = {};
};

/// Directions that appear together, given those before.
struct EstimatedLeap {
  int order = 0;
  Matrix directions;     ///< (d, s)
  double z = 0;          ///< trace score
  double strength = 0;   ///< tr U, for slices an estimate of lambda_k^2 below its value
  int classes = 0;       ///< cells of the label and of the coordinates found before; 0: no cells
  Vector eigenvalues;    ///< of U, the largest (up to 10)
  double threshold = 0;  ///< what they had to exceed; 0 where the number was given
};

struct LeapEstimate {
  Matrix directions;                 ///< (d, r) orthonormal
  std::vector<EstimatedLeap> leaps;  ///< in the order they were found
  std::string note = {};             ///< where something is worth saying
};

/// Finds the directions that drive y by the leading eigenvectors of U-statistics
/// (hermite/u_statistic.hpp), the lowest order that shows first; then conditions on the coordinates
/// that were found, by cells of them and of y together, and looks for more in what is orthogonal.
///
/// Where r is known, the score of an order is the sum of its leading eigenvalues' prominences
/// (hermite::UStatistic) over the root of their number, as many as make it the largest. The first
/// order with a score above four is taken, else that with the largest. Raw responses (kLinear) with
/// a kurtosis above five have other laws: for them the score is that of the trace, and the largest
/// gap of the eigenvalues ends the directions taken. Where r is not known, the score is that of the
/// trace, and as many directions are taken as eigenvalues lie four deviations or more above the
/// mean of the largest with permuted labels: they stand out long before the trace does. Of 100 runs
/// with 4 times the rows that a direction needs in 40 dimensions, at most 6 of links with one to
/// three directions found one too many, and none to 3 of pure noise found any. Orders with fewer
/// than 2 d^{k/2} rows are passed over, except for the lowest where r is known.
///
/// Given coordinates that are slightly wrong, a link without noise shows their error as one more
/// direction of order 1. Each such direction is tested by turning the coordinates towards it, to
/// the nearest angle at which it is silent: where it then stands out no more, the turned
/// coordinates replace them.
///
/// @param x  (n, d) standard normal rows (whitened first)   @param y  (n) finite, not constant
/// Cost: per order and slicing that of U; 20 times that where r is not known and an order shows.
/// Source: [Damian2025]; slicing, tests and stops are of this project.
LeapEstimate estimate_leaps(MatrixView x, VectorView y, const LeapEstimateOptions& options = {});

struct UStatisticOptions {
  LabelKernel kernel = LabelKernel::kSlices;
  int slices = 0;  ///< as in LeapEstimateOptions
};

/// `u-statistic`: estimate_leaps with the target's number of directions and, for one direction, its
/// order alone; for more, all orders up to it.
std::unique_ptr<estimation::Estimator> u_statistic(const UStatisticOptions& options = {});

}  // namespace thalweg::index
