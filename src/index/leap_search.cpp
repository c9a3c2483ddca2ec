#include "index/leap_search.hpp"

#include <algorithm>
#include <utility>

#include <Eigen/QR>

namespace thalweg::index {

Frame frame_around(const Matrix& found) {
  const Eigen::Index r = found.rows();
  if (found.cols() == 0) return {.found = found, .rest = Matrix::Identity(r, r)};
  const Matrix q = Eigen::MatrixXd(found).householderQr().householderQ();
  return {.found = found, .rest = q.rightCols(r - found.cols())};
}

Leaps find_leaps(int variables, int max_order, const SightAround& around) {
  Leaps leaps;
  leaps.directions.resize(variables, 0);
  while (leaps.directions.cols() < variables) {
    Frame frame = frame_around(leaps.directions);
    const SightAt sight_at = around(frame);
    leaps.directions = frame.found;
    Leap leap;
    for (int k = 1; k <= max_order && leap.order == 0; ++k) {
      const Sight sight = sight_at(HermiteBasis(static_cast<int>(frame.rest.cols()), k));
      leap.strengths.push_back(sight.strength);
      if (sight.directions.cols() == 0) continue;
      leap.order = k;
      leap.directions = static_cast<int>(sight.directions.cols());
      Matrix all(variables, leaps.directions.cols() + leap.directions);
      all << leaps.directions, frame.rest * sight.directions;
      leaps.directions = all;
    }
    if (leap.order == 0) break;
    leaps.exponent = std::max(leaps.exponent, leap.order);
    leaps.steps.push_back(std::move(leap));
  }
  leaps.undetected = variables - static_cast<int>(leaps.directions.cols());
  return leaps;
}

}  // namespace thalweg::index
