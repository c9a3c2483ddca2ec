#include "thalweg/index/tensor_methods.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "index/sphere_walker.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/index/langevin_average.hpp"
#include "thalweg/linalg/product.hpp"
#include "thalweg/linalg/symmetric_eigen.hpp"

namespace thalweg::index {
namespace {

using linalg::Form;

constexpr int kStarts = 10;
constexpr int kMostIterations = 100;
constexpr int kLangevinBlocks = 80;

/// Power iterations on every row until all have settled.
Matrix power_iterations(const SpikedTensor& tensor, double n, Matrix points) {
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    const Matrix next = tensor.contract(n, points).rowwise().normalized();
    const double least = next.cwiseProduct(points).rowwise().sum().minCoeff();
    points = next;
    if (1 - least < 1e-10) break;
  }
  return points;
}

Vector best_of_power_iterations(const SpikedTensor& tensor, double n, Key key) {
  Matrix starts(kStarts, tensor.dimension());
  for (int i = 0; i < kStarts; ++i) {
    const Key start = key.with(static_cast<std::uint64_t>(i));
    starts.row(i) = uniform_direction(tensor.dimension(), start).transpose();
  }
  const Matrix ends = power_iterations(tensor, n, starts);
  Eigen::Index best = 0;
  tensor.contract(n, ends).cwiseProduct(ends).rowwise().sum().maxCoeff(&best);
  return ends.row(best).transpose();
}

/// The symmetric matrix of coordinates of order 2.
Matrix matrix_of(const SymmetricBasis& pairs, const Vector& coordinates) {
  Matrix matrix(pairs.dimension(), pairs.dimension());
  pairs.for_each([&](std::int64_t place, std::span<const int> pair) {
    matrix(pair[0], pair[1]) = matrix(pair[1], pair[0]) =
        coordinates[place] / pairs.scales()[place];
  });
  return matrix;
}

Vector by_unfolding(const SpikedTensor& tensor, double n) {
  const Matrix unfolding = tensor.unfolding(n);
  Matrix symmetric = unfolding;
  if (tensor.order() % 2 == 1) {
    symmetric = Matrix::Zero(unfolding.rows(), unfolding.rows());
    linalg::add_product(1, unfolding, Form::kPlain, unfolding, Form::kTransposed, symmetric);
  }
  const Vector leading = linalg::leading_eigenpairs(symmetric, 1).vectors.col(0);
  if (tensor.rows().order() == 1) return leading;
  return linalg::eigenpair_of_largest_modulus(matrix_of(tensor.rows(), leading)).vectors.col(0);
}

Vector by_partial_trace(const SpikedTensor& tensor, double n) {
  const Matrix trace = tensor.partial_trace(n);
  if (tensor.order() % 2 == 1) return trace.col(0).normalized();
  return linalg::leading_eigenpairs(trace, 1).vectors.col(0);
}

Vector by_langevin(const SpikedTensor& tensor,
                   double n,
                   const TensorMethodOptions& options,
                   Key key) {
  const HiddenSignal signal{
      .order = tensor.order(), .dimension = static_cast<double>(tensor.dimension()), .samples = n};
  const double eps = default_inverse_temperature(signal);
  const double horizon = default_horizon(signal, eps);
  const auto loss = tensor.loss(n);
  const double flops = horizon * signal.dimension / options.langevin_step * loss->flops();
  return average_langevin(*loss,
                          {.readout = signal.order % 2 == 1 ? Readout::kFirst : Readout::kSecond,
                           .rao_blackwell = options.rao_blackwell,
                           .inverse_temperature = eps,
                           .horizon = horizon * std::min(1.0, options.langevin_flops / flops),
                           .step = options.langevin_step,
                           .blocks = kLangevinBlocks,
                           .angle_tolerance = options.langevin_angle_tolerance,
                           .interrupted = options.interrupted},
                          key)
      .direction;
}

}  // namespace

Vector estimate_spike(const std::string& method,
                      const SpikedTensor& tensor,
                      double n,
                      const TensorMethodOptions& options,
                      Key key) {
  if (!(n > 0)) {
    throw InvalidArgument("index::estimate_spike", fmt::format("needs n above 0; got {}.", n));
  }
  const auto refined = [&](const Vector& start) {
    if (!options.refine || start.size() == 0) return start;
    return Vector(power_iterations(tensor, n, start.transpose()).row(0).transpose());
  };
  if (method == "langevin-average") return refined(by_langevin(tensor, n, options, key));
  if (method == "partial-trace") return refined(by_partial_trace(tensor, n));
  if (method == "power") return best_of_power_iterations(tensor, n, key);
  if (method == "unfolding") return by_unfolding(tensor, n);
  const std::vector<std::string> names(kTensorMethods.begin(), kTensorMethods.end());
  throw InvalidArgument("method",
                        fmt::format("there is none called '{}'.{} There are {}.",
                                    method,
                                    did_you_mean(method, names),
                                    join(names, ", ")));
}

SampleComplexity spike_complexity(const std::string& method, int order, bool refine) {
  const double half = 0.5 * order;
  const int rows = order / 2, columns = order - rows;
  // The unfolding has C(d + q - 1, q) rows and as many columns for its other order, and noise of
  // variance 1 / C(k, q): the threshold is that variance times the square root of their product.
  const double unfolding =
      2 * std::sqrt(std::tgamma(rows + 1) * std::tgamma(columns + 1)) / std::tgamma(order + 1);
  if (method == "power") {
    const double exponent = std::max(1.0, order - 1.0);
    return {.exponent = exponent,
            .prefactor = unfolding * std::pow(std::exp2(8 - order), half - exponent)};
  }
  if (method == "unfolding" || refine) return {.exponent = half, .prefactor = unfolding};
  // The leading power of limit_noise.
  constexpr double kLarge = 1e6;
  const double exponent = std::ceil(half);
  const double noise = limit_noise({.order = order, .dimension = kLarge, .samples = 1});
  return {.exponent = exponent, .prefactor = noise / std::pow(kLarge, exponent)};
}

}  // namespace thalweg::index
