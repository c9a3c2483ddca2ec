#include "thalweg/index/ols.hpp"

#include <algorithm>

#include <Eigen/Cholesky>

#include "thalweg/linalg/gram.hpp"

namespace thalweg::index {
namespace {

using estimation::Effort;
using estimation::Estimate;
using estimation::SampleSource;
using estimation::Target;

constexpr Eigen::Index kBlockRows = 1024;

class OrdinaryLeastSquares : public estimation::Estimator {
 public:
  std::string name() const override { return "ols"; }

  std::vector<Estimate> estimate(const SampleSource& source,
                                 const Target& target,
                                 std::span<const std::int64_t> samples,
                                 const Effort& effort) const override {
    const int d = source.dimension();
    Matrix gram = Matrix::Zero(d, d);
    Vector sum_xy = Vector::Zero(d), sum_x = Vector::Zero(d);
    double sum_y = 0;
    std::int64_t done = 0;
    std::vector<Estimate> estimates;
    for (const std::int64_t n : samples) {
      while (done < n && !(effort.interrupted && effort.interrupted())) {
        const auto rows = std::min<Eigen::Index>(kBlockRows, n - done);
        Matrix x(rows, d);
        Vector y(rows);
        source.read(done, x, y);
        if (target.label_transform) y = y.unaryExpr(target.label_transform);
        gram += linalg::gram(x);
        sum_xy += x.transpose() * y;
        sum_x += x.colwise().sum();
        sum_y += y.sum();
        done += rows;
      }
      if (done < n) break;
      const double count = static_cast<double>(n);
      const Matrix centred = gram - sum_x * sum_x.transpose() / count;
      const Vector slopes = centred.ldlt().solve(sum_xy - sum_x * sum_y / count);
      estimates.push_back({.directions = slopes.normalized()});
    }
    return estimates;
  }
};

}  // namespace

std::unique_ptr<estimation::Estimator> ols() { return std::make_unique<OrdinaryLeastSquares>(); }

}  // namespace thalweg::index
