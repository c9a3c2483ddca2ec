#include "thalweg/index/ols.hpp"

#include <fmt/format.h>

#include "index/batch_estimator.hpp"
#include "index/standardise.hpp"
#include "thalweg/linalg/product.hpp"

namespace thalweg::index {
namespace {

using estimation::Effort;
using estimation::Estimate;
using estimation::Target;

class OrdinaryLeastSquares : public BatchEstimator {
 public:
  OrdinaryLeastSquares() : BatchEstimator("ols") {}

 protected:
  void check(const Target&, int) const override {}

  Estimate estimate_rows(MatrixView x, VectorView y, const Target&, const Effort&) const override {
    const auto standard = standardise(name(), x);
    if (!standard) {
      return {.directions = Matrix(x.cols(), 0),
              .note = fmt::format(
                  "ols needs more rows than columns; got {} and {}.", x.rows(), x.cols())};
    }
    const Vector centred = y.array() - y.mean();
    Vector products = Vector::Zero(x.cols());
    linalg::add_product(1, x, linalg::Form::kTransposed, centred, products);
    return {.directions = standard->directions(standard->coordinates(products))};
  }
};

}  // namespace

std::unique_ptr<estimation::Estimator> ols() { return std::make_unique<OrdinaryLeastSquares>(); }

}  // namespace thalweg::index
