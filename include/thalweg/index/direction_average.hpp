#pragma once

#include <cstdint>
#include <vector>

#include "thalweg/linalg/matrix.hpp"

namespace thalweg::index {

/// Which average of unit vectors theta_t points at the hidden direction.
enum class Readout {
  kFirst,  ///< the mean of theta, for odd k
  kSecond  ///< the leading eigenvector of the mean of theta theta^T - I/d, for even k
};

/// A time average, kept in blocks for its error bar.
class DirectionAverage {
 public:
  /// @param blocks  2 and up
  DirectionAverage(Readout readout, int dimension, int blocks);

  Readout readout() const { return readout_; }

  /// Adds the sum of `count` vectors to a block (kFirst), or of their outer products (kSecond).
  void add(int block, const Matrix& sum, double count);

  Vector direction() const;  ///< a unit vector
  double strength() const;   ///< length of the mean, or that eigenvalue

  /// Standard error of the direction as an angle, radians: jackknife over the blocks that are
  /// filled. About 1 where the average is noise. Two blocks at least.
  double angle_error() const;

 private:
  struct Found {
    Vector direction;
    double strength;
  };
  Found without(int block) const;

  Readout readout_;
  int dimension_;
  std::vector<Matrix> sums_;  // (d, 1) or (d, d)
  std::vector<double> counts_;
};

}  // namespace thalweg::index
