#pragma once

#include <string>
#include <vector>

#include "thalweg/base/random.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// T(y) for every row: bounded, of mean 0 and variance 1.
struct LabelTransform {
  std::string name;
  Vector values;  ///< (n)
};

/// A library to choose from when the link is not known: y clipped at three deviations, its normal
/// scores, inside the quartiles or out, y^2 and |y - median| clipped, and three cosines and sines
/// of the normal scores at random frequencies. A response of two values has one transform only.
///
/// Where some transform of y shows at order k, a random smooth one does with probability one.
/// @param y  (n) finite @throws InvalidArgument  y does not vary
std::vector<LabelTransform> label_transforms(VectorView y, Key key);

/// The transform with the largest trace score at order k (hermite/u_statistic.hpp) over the first
/// 4000 rows at most. @param x  (n, d) standard normal rows   @param k  1 to 12
LabelTransform best_label_transform(int k, MatrixView x, VectorView y, Key key, int threads = 1);

}  // namespace thalweg::index
