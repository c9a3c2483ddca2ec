#include "thalweg/index/direction_average.hpp"

#include <algorithm>
#include <cmath>

#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::index {

DirectionAverage::DirectionAverage(Readout readout, int dimension, int blocks)
    : readout_(readout),
      dimension_(dimension),
      sums_(static_cast<std::size_t>(blocks),
            Matrix::Zero(dimension, readout == Readout::kFirst ? 1 : dimension)),
      counts_(static_cast<std::size_t>(blocks), 0.0) {}

void DirectionAverage::add(int block, const Matrix& sum, double count) {
  sums_[static_cast<std::size_t>(block)] += sum;
  counts_[static_cast<std::size_t>(block)] += count;
}

Vector DirectionAverage::direction() const { return without(-1).direction; }

double DirectionAverage::strength() const { return without(-1).strength; }

double DirectionAverage::angle_error() const {
  const Vector all = direction();
  double sum = 0, filled = 0;
  for (std::size_t block = 0; block < sums_.size(); ++block) {
    if (counts_[block] == 0) continue;
    Vector other = without(static_cast<int>(block)).direction;
    if (other.dot(all) < 0) other = -other;  // an eigenvector has no sign
    sum += (other - all).squaredNorm();
    ++filled;
  }
  return std::sqrt(sum * (filled - 1) / filled);
}

DirectionAverage::Found DirectionAverage::without(int block) const {
  Matrix mean = Matrix::Zero(sums_.front().rows(), sums_.front().cols());
  double count = 0;
  for (std::size_t b = 0; b < sums_.size(); ++b) {
    if (static_cast<int>(b) == block) continue;
    mean += sums_[b];
    count += counts_[b];
  }
  mean /= std::max(count, 1.0);
  if (readout_ == Readout::kFirst) return {mean.col(0).normalized(), mean.norm()};
  mean.diagonal().array() -= mean.trace() / dimension_;
  const auto leading = linalg::leading_eigenpairs(mean, 1);
  return {leading.vectors.col(0), leading.values[0]};
}

}  // namespace thalweg::index
