#include "index/hermite_basis.hpp"

#include <cmath>
#include <map>
#include <numeric>

#include "thalweg/hermite/polynomial.hpp"

namespace thalweg::index {
namespace {

using MultiIndex = std::vector<int>;

/// All m >= 0 of the given length and sum.
std::vector<MultiIndex> multi_indices(int length, int sum) {
  if (length == 1) return {{sum}};
  std::vector<MultiIndex> all;
  for (int first = sum; first >= 0; --first) {
    for (const auto& rest : multi_indices(length - 1, sum - first)) {
      MultiIndex m = {first};
      m.insert(m.end(), rest.begin(), rest.end());
      all.push_back(std::move(m));
    }
  }
  return all;
}

/// prod m_i! / (sum m_i)!: one over the number of places that hold the same entry.
double share_of(const MultiIndex& m) {
  double share = 1;
  int placed = 0;
  for (const int count : m)
    for (int i = 1; i <= count; ++i) share *= static_cast<double>(i) / ++placed;
  return share;
}

}  // namespace

HermiteBasis::HermiteBasis(int variables, int order)
    : variables_(variables), order_(order), indices_(multi_indices(variables, order)) {}

void HermiteBasis::values(std::span<const double> v,
                          std::span<double> powers,
                          std::span<double> out) const {
  const auto degrees = static_cast<std::size_t>(order_ + 1);
  for (std::size_t i = 0; i < v.size(); ++i)
    hermite::hermite_values(v[i], powers.subspan(i * degrees, degrees));
  for (std::size_t j = 0; j < indices_.size(); ++j) {
    double product = 1;
    for (std::size_t i = 0; i < v.size(); ++i)
      product *= powers[i * degrees + static_cast<std::size_t>(indices_[j][i])];
    out[j] = product;
  }
}

void HermiteBasis::values(std::span<const double> v, std::span<double> out) const {
  std::vector<double> powers(power_count());
  values(v, powers, out);
}

Matrix HermiteBasis::values(const Matrix& points) const {
  Matrix all(points.rows(), size());
  std::vector<double> powers(power_count());
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    values({points.row(i).data(), static_cast<std::size_t>(points.cols())},
           powers,
           {all.row(i).data(), static_cast<std::size_t>(size())});
  }
  return all;
}

Matrix HermiteBasis::unfolding_gram(const Matrix& moments) const {
  std::map<MultiIndex, Eigen::Index> place;
  for (std::size_t j = 0; j < indices_.size(); ++j)
    place[indices_[j]] = static_cast<Eigen::Index>(j);
  Matrix gram = Matrix::Zero(variables_, variables_);
  for (const auto& rest : multi_indices(variables_, order_ - 1)) {
    const double entries = 1 / share_of(rest);
    for (int a = 0; a < variables_; ++a) {
      for (int b = 0; b < variables_; ++b) {
        MultiIndex left = rest, right = rest;
        ++left[static_cast<std::size_t>(a)];
        ++right[static_cast<std::size_t>(b)];
        gram(a, b) += entries * std::sqrt(share_of(left) * share_of(right)) *
                      moments(place[left], place[right]);
      }
    }
  }
  return gram;
}

}  // namespace thalweg::index
