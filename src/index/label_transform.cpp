#include "thalweg/index/label_transform.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "index/normal_scores.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/hermite/u_statistic.hpp"

namespace thalweg::index {
namespace {

constexpr double kClip = 3;  // deviations
constexpr Eigen::Index kMostRows = 4000;
constexpr int kFrequencies = 3;

// Mean 0 and variance 1; nothing where the values do not vary.
bool standardised(Vector& values) {
  values.array() -= values.mean();
  const double deviation = std::sqrt(values.squaredNorm() / static_cast<double>(values.size()));
  if (!(deviation > 1e-12)) return false;
  values /= deviation;
  return true;
}

Vector clipped(const Vector& values) { return values.cwiseMax(-kClip).cwiseMin(kClip); }

double quantile(Vector values, double share) {
  const auto at = static_cast<Eigen::Index>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[at];
}

bool has_two_values(VectorView y) {
  const double low = y.minCoeff(), high = y.maxCoeff();
  return std::all_of(y.begin(), y.end(), [&](double v) { return v == low || v == high; });
}

}  // namespace

std::vector<LabelTransform> label_transforms(VectorView y, Key key) {
  Vector standard = y;
  if (!standardised(standard)) {
    throw InvalidArgument("index::label_transforms",
                          "the response does not vary, so that no direction can drive it.");
  }
  std::vector<LabelTransform> transforms;
  const auto add = [&](std::string name, Vector values) {
    if (standardised(values))
      transforms.push_back({.name = std::move(name), .values = std::move(values)});
  };
  if (has_two_values(y)) {
    add("y", standard);
    return transforms;
  }
  const Vector scores = normal_scores({y.data(), static_cast<std::size_t>(y.size())});
  const double lower = quantile(y, 0.25), upper = quantile(y, 0.75);
  Vector distance = (standard.array() - quantile(standard, 0.5)).abs();
  Vector square = standard.array().square();
  standardised(distance);
  standardised(square);
  add("y, clipped", clipped(standard));
  add("normal scores", scores);
  add("inside the quartiles",
      y.unaryExpr([&](double v) { return v > lower && v < upper ? 1.0 : 0.0; }));
  add("y squared, clipped", clipped(square));
  add("distance from the median, clipped", clipped(distance));
  for (std::uint64_t i = 0; i < kFrequencies; ++i) {
    // Periods of the size of the law of the scores: 2 to 6 deviations.
    const double frequency = 1 + 2 * uniform(key, i);
    add(fmt::format("cos({:.2f} scores)", frequency), (frequency * scores).array().cos());
    add(fmt::format("sin({:.2f} scores)", frequency), (frequency * scores).array().sin());
  }
  return transforms;
}

LabelTransform best_label_transform(int k, MatrixView x, VectorView y, Key key, int threads) {
  std::vector<LabelTransform> transforms = label_transforms(y, key);
  if (transforms.size() == 1) return transforms.front();
  const Eigen::Index rows = std::min(kMostRows, x.rows());
  Matrix t(rows, static_cast<Eigen::Index>(transforms.size()));
  for (Eigen::Index l = 0; l < t.cols(); ++l)
    t.col(l) = transforms[static_cast<std::size_t>(l)].values.head(rows);
  Eigen::Index best = 0;
  hermite::trace_scores(k, x.topRows(rows), t, threads).maxCoeff(&best);
  return transforms[static_cast<std::size_t>(best)];
}

}  // namespace thalweg::index
