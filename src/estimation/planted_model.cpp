#include "thalweg/estimation/planted_model.hpp"

#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/gaussian.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::estimation {
namespace {

[[noreturn]] void refuse_noise(const std::string& text, const std::string& why) {
  throw InvalidArgument("noise",
                        fmt::format("'{}' {}; the forms are none, gaussian:LEVEL (a standard "
                                    "deviation) and flip:PROBABILITY.",
                                    text,
                                    why));
}

double parse_level(const std::string& text, std::string_view number) {
  double level = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), level);
  if (error != std::errc() || end != number.data() + number.size())
    refuse_noise(text, fmt::format("has no number in '{}'", number));
  return level;
}

// Uniform: the span of Gaussian columns has no preferred place, and Gram-Schmidt keeps that.
Matrix uniform_directions(int dimension, int count, Key key) {
  Matrix columns(dimension, count);
  fill_normal({columns.data(), static_cast<std::size_t>(columns.size())}, key);
  return linalg::orthonormal_basis(columns);
}

// Entry (i, j) of the endless table is element i d + j of its stream.
void fill_rows(Eigen::Ref<Matrix> x, Key key, std::uint64_t first) {
  const auto d = static_cast<std::size_t>(x.cols());
  if (x.outerStride() == x.cols() || x.rows() == 1) {
    fill_gaussian({x.data(), static_cast<std::size_t>(x.size())}, key, first * d);
    return;
  }
  for (Eigen::Index i = 0; i < x.rows(); ++i)
    fill_gaussian({x.row(i).data(), d}, key, (first + static_cast<std::uint64_t>(i)) * d);
}

void add_noise(std::span<double> y, const Noise& noise, Key key, std::uint64_t first) {
  if (noise.kind == Noise::Kind::kGaussian) {
    std::vector<double> g(y.size());
    fill_gaussian(g, key, first);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += noise.level * g[i];
  }
  if (noise.kind == Noise::Kind::kFlip) {
    for (std::size_t i = 0; i < y.size(); ++i)
      if (uniform(key, first + i) < noise.level) y[i] = -y[i];
  }
}

}  // namespace

Noise Noise::parse(const std::string& text) {
  if (text == "none") return {};
  const auto colon = text.find(':');
  if (colon == std::string::npos) refuse_noise(text, "is no noise");
  const auto kind = text.substr(0, colon);
  const double level = parse_level(text, std::string_view(text).substr(colon + 1));
  if (kind == "gaussian") {
    if (!(level >= 0 && level < 1e100)) refuse_noise(text, "needs a level of 0 or more");
    return {.kind = Kind::kGaussian, .level = level};
  }
  if (kind == "flip") {
    if (!(level >= 0 && level <= 1)) refuse_noise(text, "needs a probability from 0 to 1");
    return {.kind = Kind::kFlip, .level = level};
  }
  refuse_noise(text, "is no noise");
}

PlantedModel::PlantedModel(std::shared_ptr<const LinkFunction> link,
                           Noise noise,
                           int dimension,
                           std::int64_t rows,
                           Key key)
    : link_(std::move(link)), noise_(noise), rows_(rows), key_(key) {
  if (rows < 1) {
    throw InvalidArgument("estimation::PlantedModel",
                          fmt::format("needs a row or more; got {}.", rows));
  }
  if (dimension < link_->variables()) {
    throw InvalidArgument(
        "estimation::PlantedModel",
        fmt::format("the link '{}' has {} variables and needs as many dimensions; got {}.",
                    link_->text(),
                    link_->variables(),
                    dimension));
  }
  directions_ = uniform_directions(dimension, link_->variables(), key_.with("directions"));
}

int PlantedModel::dimension() const { return static_cast<int>(directions_.rows()); }

std::int64_t PlantedModel::rows() const { return rows_; }

void PlantedModel::read(std::int64_t first, Eigen::Ref<Matrix> x, Eigen::Ref<Vector> y) const {
  const Eigen::Index m = x.rows(), d = x.cols();
  if (d != dimension() || y.size() != m || first < 0 || first + m > rows_) {
    throw InvalidArgument(
        "estimation::PlantedModel::read",
        fmt::format("has {} rows of {} columns; asked for rows {} to {} of {} with {} responses.",
                    rows_,
                    dimension(),
                    first,
                    first + m,
                    d,
                    y.size()));
  }
  const auto from = static_cast<std::uint64_t>(first);
  fill_rows(x, key_.with("rows"), from);
  const Matrix z = x * directions_;
  link_->evaluate({z.data(), static_cast<std::size_t>(z.size())},
                  {y.data(), static_cast<std::size_t>(m)});
  add_noise({y.data(), static_cast<std::size_t>(m)}, noise_, key_.with("noise"), from);
}

double overlap_squared(MatrixView truth, MatrixView found) {
  return (truth.transpose() * found).squaredNorm() / static_cast<double>(truth.cols());
}

}  // namespace thalweg::estimation
