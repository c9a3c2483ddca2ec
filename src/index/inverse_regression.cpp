#include "thalweg/index/inverse_regression.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "index/batch_estimator.hpp"
#include "index/standardise.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/index/slices.hpp"
#include "thalweg/linalg/gram.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::index {
namespace {

using estimation::Effort;
using estimation::Estimate;
using estimation::Target;

// Of a slice of the standardised rows.
struct SliceMoments {
  double share = 0;
  Vector indicator;  // (n) 1 for its rows
  Vector mean;       // of x - mean over all rows
};

std::vector<SliceMoments> slice_moments(MatrixView x, VectorView y, int count, const Vector& mean) {
  const auto n = static_cast<std::size_t>(y.size());
  const Slices slices = slices_of({y.data(), n}, std::min(count, static_cast<int>(n)));
  std::vector<SliceMoments> moments(static_cast<std::size_t>(slices.count));
  for (auto& slice : moments) {
    slice.indicator = Vector::Zero(y.size());
    slice.mean = Vector::Zero(x.cols());
  }
  for (std::size_t i = 0; i < n; ++i) {
    SliceMoments& slice = moments[static_cast<std::size_t>(slices.labels[i])];
    const auto row = static_cast<Eigen::Index>(i);
    slice.indicator[row] = 1;
    slice.mean += x.row(row).transpose() - mean;
  }
  for (auto& slice : moments) {
    const double rows = slice.indicator.sum();
    slice.share = rows / static_cast<double>(n);
    slice.mean /= rows;
  }
  return moments;
}

/// Standardises, takes eigenvectors of what `moment` makes of the rows, and maps them back.
class InverseRegression : public BatchEstimator {
 public:
  using BatchEstimator::BatchEstimator;

 protected:
  void check(const Target& target, int dimension) const override {
    if (target.directions >= 1 && target.directions <= dimension) return;
    throw InvalidArgument(
        name(),
        fmt::format(
            "can find 1 to the {} dimensions' directions; got {}.", dimension, target.directions));
  }

  Estimate estimate_rows(MatrixView x,
                         VectorView y,
                         const Target& target,
                         const Effort&) const override {
    const auto standard = standardise(name(), x);
    if (!standard) {
      return {.directions = Matrix(x.cols(), 0),
              .note = fmt::format(
                  "{} needs more rows than columns; got {} and {}.", name(), x.rows(), x.cols())};
    }
    return {.directions =
                standard->directions(leading(moment(x, y, *standard), target.directions))};
  }

  /// M, a (d, d) symmetric matrix of the standardised rows.
  virtual Matrix moment(MatrixView x, VectorView y, const Standardisation& standard) const = 0;

  virtual Matrix leading(const Matrix& m, int count) const {
    return linalg::leading_eigenpairs(m, count).vectors;
  }
};

class Sir : public InverseRegression {
 public:
  explicit Sir(const InverseRegressionOptions& options)
      : InverseRegression("sir"), options_(options) {}

 protected:
  Matrix moment(MatrixView x, VectorView y, const Standardisation& standard) const override {
    Matrix m = Matrix::Zero(x.cols(), x.cols());
    for (const auto& slice : slice_moments(x, y, options_.slices, standard.mean))
      m += slice.share * slice.mean * slice.mean.transpose();
    return standard.moment(m);
  }

 private:
  InverseRegressionOptions options_;
};

class Save : public InverseRegression {
 public:
  explicit Save(const InverseRegressionOptions& options)
      : InverseRegression("save"), options_(options) {}

 protected:
  Matrix moment(MatrixView x, VectorView y, const Standardisation& standard) const override {
    const Eigen::Index d = x.cols();
    Matrix m = Matrix::Zero(d, d);
    for (const auto& slice : slice_moments(x, y, options_.slices, standard.mean)) {
      const Matrix covariance =
          centred_moment(x, slice.indicator, standard.mean) / slice.indicator.sum() -
          slice.mean * slice.mean.transpose();
      m += slice.share * linalg::gram(Matrix::Identity(d, d) - standard.moment(covariance));
    }
    return m;
  }

 private:
  InverseRegressionOptions options_;
};

class Phd : public InverseRegression {
 public:
  Phd() : InverseRegression("phd") {}

 protected:
  Matrix moment(MatrixView x, VectorView y, const Standardisation& standard) const override {
    const Vector centred = (y.array() - y.mean()) / static_cast<double>(y.size());
    return standard.moment(centred_moment(x, centred, standard.mean));
  }

  Matrix leading(const Matrix& m, int count) const override {
    const linalg::SymmetricEigen all = linalg::symmetric_eigen(m);
    std::vector<Eigen::Index> order(static_cast<std::size_t>(m.rows()));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
      return std::abs(all.values[a]) > std::abs(all.values[b]);
    });
    order.resize(static_cast<std::size_t>(count));
    return all.vectors(Eigen::all, order);
  }
};

}  // namespace

std::unique_ptr<estimation::Estimator> sir(const InverseRegressionOptions& options) {
  return std::make_unique<Sir>(options);
}

std::unique_ptr<estimation::Estimator> save(const InverseRegressionOptions& options) {
  return std::make_unique<Save>(options);
}

std::unique_ptr<estimation::Estimator> phd() { return std::make_unique<Phd>(); }

}  // namespace thalweg::index
