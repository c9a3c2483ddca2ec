#include "thalweg/index/symmetric_tensor.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/linalg/gram.hpp"
#include "thalweg/linalg/product.hpp"

namespace thalweg::index {
namespace {

using linalg::Form;

// C(n + q - 1, q): symmetric tensors of order q in R^n.
std::int64_t symmetric_size(int order, int n) {
  std::int64_t size = 1;
  for (int j = 1; j <= order; ++j) size = size * (n + j - 1) / j;
  return size;
}

double equal_entries(std::span<const int> sorted) {
  double count = 1;
  int run = 0;
  for (std::size_t j = 0; j < sorted.size(); ++j) {
    run = j > 0 && sorted[j] == sorted[j - 1] ? run + 1 : 1;
    count *= static_cast<double>(j + 1) / run;
  }
  return count;
}

constexpr Eigen::Index kBlockRows = 256;

}  // namespace

SymmetricBasis::SymmetricBasis(int order, int dimension)
    : order_(order), dimension_(dimension), scales_(symmetric_size(order, dimension)) {
  for_each([this](std::int64_t place, std::span<const int> sorted) {
    scales_[place] = std::sqrt(equal_entries(sorted));
  });
}

std::int64_t SymmetricBasis::place(std::span<const int> sorted) const {
  std::int64_t place = 0;
  for (std::size_t j = 0; j < sorted.size(); ++j) {
    place += symmetric_size(static_cast<int>(j) + 1, sorted[j]);
  }
  return place;
}

void SymmetricBasis::for_each(
    const std::function<void(std::int64_t, std::span<const int>)>& visit) const {
  std::vector<int> index(static_cast<std::size_t>(order_), 0);
  for (std::int64_t place = 0; place < size(); ++place) {
    visit(place, index);
    // The first that may grow does; those before it begin again.
    for (std::size_t j = 0; j < index.size(); ++j) {
      const int most = j + 1 < index.size() ? index[j + 1] : dimension_ - 1;
      if (index[j] < most) {
        ++index[j];
        break;
      }
      index[j] = 0;
    }
  }
}

// Monomials that end in v_l are v_l times those of one order less in the first l + 1 variables; how
// many these are is where they end.
Matrix SymmetricBasis::powers(MatrixView points) const {
  Matrix out(points.rows(), size());
  Vector lower(size()), monomials(size());
  std::vector<Eigen::Index> ends;
  for (Eigen::Index r = 0; r < points.rows(); ++r) {
    monomials[0] = 1;
    ends.assign(static_cast<std::size_t>(dimension_), 1);
    for (int q = 1; q <= order_; ++q) {
      lower.swap(monomials);
      Eigen::Index at = 0;
      for (int l = 0; l < dimension_; ++l) {
        Eigen::Index& end = ends[static_cast<std::size_t>(l)];
        monomials.segment(at, end) = points(r, l) * lower.head(end);
        end = at += end;
      }
    }
    out.row(r) = monomials.cwiseProduct(scales_).transpose();
  }
  return out;
}

SymmetricTensor::SymmetricTensor(int order, int dimension, std::span<const double> coordinates)
    : order_(order), left_(order / 2, dimension), right_(order - order / 2, dimension) {
  const auto size = symmetric_size(order, dimension);
  if (order < 2 || order > 5 || dimension < 2 ||
      static_cast<std::int64_t>(coordinates.size()) != size) {
    throw InvalidArgument(
        "index::SymmetricTensor",
        fmt::format("needs order 2 to 5, dimension 2 or more and {} coordinates; got order {}, "
                    "dimension {} and {}.",
                    size,
                    order,
                    dimension,
                    coordinates.size()));
  }
  const SymmetricBasis basis(order, dimension);
  const Vector entries =
      Eigen::Map<const Vector>(coordinates.data(), size).cwiseQuotient(basis.scales());
  unfolding_.resize(left_.size(), right_.size());
  left_.for_each([&](std::int64_t row, std::span<const int> left) {
    std::vector<int> merged(static_cast<std::size_t>(order));
    right_.for_each([&](std::int64_t column, std::span<const int> right) {
      std::ranges::merge(left, right, merged.begin());
      unfolding_(row, column) =
          entries[basis.place(merged)] * left_.scales()[row] * right_.scales()[column];
    });
  });
}

Matrix SymmetricTensor::contract(MatrixView points) const {
  const Matrix powers = right_.powers(points);
  Matrix lower = Matrix::Zero(points.rows(), left_.size());
  linalg::add_product(1, powers, Form::kPlain, unfolding_, Form::kTransposed, lower);
  if (left_.order() == 1) return lower;
  // What is left has order 2: its matrix times the point.
  Matrix out = Matrix::Zero(points.rows(), dimension());
  for (Eigen::Index r = 0; r < points.rows(); ++r) {
    left_.for_each([&](std::int64_t place, std::span<const int> pair) {
      const double entry = lower(r, place) / left_.scales()[place];
      out(r, pair[0]) += entry * points(r, pair[1]);
      if (pair[0] != pair[1]) out(r, pair[1]) += entry * points(r, pair[0]);
    });
  }
  return out;
}

Matrix SymmetricTensor::partial_trace() const {
  const int d = dimension();
  if (order_ == 2) return unfolding_;
  Vector identity = Vector::Zero(order_ == 5 ? left_.size() : right_.size());
  const SymmetricBasis pairs(2, d);
  for (int i = 0; i < d; ++i) identity[pairs.place(std::array{i, i})] = 1;
  if (order_ == 3) return unfolding_ * identity;
  if (order_ == 5) {
    const Vector cubic = unfolding_.transpose() * identity;
    Matrix out = Matrix::Zero(d, 1);
    for (int a = 0; a < d; ++a) {
      for (int c = 0; c < d; ++c) {
        std::array index = {a, c, c};
        std::ranges::sort(index);
        const auto place = right_.place(index);
        out(a, 0) += cubic[place] / right_.scales()[place];
      }
    }
    return out;
  }
  const Vector quadratic = unfolding_ * identity;
  Matrix out(d, d);
  left_.for_each([&](std::int64_t place, std::span<const int> pair) {
    const double entry = quadratic[place] / left_.scales()[place];
    out(pair[0], pair[1]) = entry;
    out(pair[1], pair[0]) = entry;
  });
  return out;
}

SymmetricTensor hermite_tensor(int k, MatrixView x, std::span<const double> t) {
  if ((k != 2 && k != 3) || x.rows() < 1 || static_cast<Eigen::Index>(t.size()) != x.rows()) {
    throw InvalidArgument("index::hermite_tensor",
                          fmt::format("needs order 2 or 3 and a weight for each row; got order {}, "
                                      "{} rows and {} weights.",
                                      k,
                                      x.rows(),
                                      t.size()));
  }
  const int d = static_cast<int>(x.cols());
  const double n = static_cast<double>(x.rows());
  const Eigen::Map<const Vector> weights(t.data(), x.rows());
  const SymmetricBasis basis(k, d), pairs(2, d);
  std::vector<double> coordinates(static_cast<std::size_t>(basis.size()));
  if (k == 2) {
    const Matrix second = linalg::gram(x, t) / n;
    const double mean = weights.mean();
    basis.for_each([&](std::int64_t place, std::span<const int> i) {
      const double entry = second(i[0], i[1]) - (i[0] == i[1] ? mean : 0);
      coordinates[static_cast<std::size_t>(place)] = entry * basis.scales()[place] / std::sqrt(2.0);
    });
    return SymmetricTensor(k, d, coordinates);
  }
  Matrix third = Matrix::Zero(d, pairs.size());
  for (Eigen::Index first = 0; first < x.rows(); first += kBlockRows) {
    const auto count = std::min(kBlockRows, x.rows() - first);
    const Matrix weighted =
        weights.segment(first, count).asDiagonal() * x.middleRows(first, count) / n;
    linalg::add_product(1,
                        weighted,
                        Form::kTransposed,
                        pairs.powers(x.middleRows(first, count)),
                        Form::kPlain,
                        third);
  }
  const Vector mean = x.transpose() * weights / n;
  basis.for_each([&](std::int64_t place, std::span<const int> i) {
    const auto pair = pairs.place(i.subspan(1));
    double entry = third(i[0], pair) / pairs.scales()[pair];
    for (std::size_t j = 0; j < 3;
         ++j) {  // He_3 = x^3 - x_a delta_bc - x_b delta_ac - x_c delta_ab
      if (i[(j + 1) % 3] == i[(j + 2) % 3]) entry -= mean[i[j]];
    }
    coordinates[static_cast<std::size_t>(place)] = entry * basis.scales()[place] / std::sqrt(6.0);
  });
  return SymmetricTensor(k, d, coordinates);
}

}  // namespace thalweg::index
