#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "problem.hpp"
#include "run_session.hpp"
#include "spectrum_options.hpp"
#include "work_cost.hpp"
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/nn/device.hpp"
#include "thalweg/spectrum/lanczos.hpp"
#include "thalweg/spectrum/lobpcg.hpp"

namespace thalweg::app {
namespace {

using nlohmann::json;

Key key_of(const SpectrumOptions& options) {
  return Key{.seed = static_cast<std::uint64_t>(options.common.seed)}.with("spectrum");
}

at::Tensor random_block(std::int64_t n, std::int64_t k, const at::TensorOptions& options, Key key) {
  const auto block = at::empty({k, n}, at::kDouble);
  fill_normal({block.data_ptr<double>(), static_cast<std::size_t>(block.numel())}, key);
  return block.to(options).t();
}

/// Hessians up to this size are taken in full, with all their eigenvalues.
constexpr std::int64_t kSmall = 100;

/// Leading eigenpairs, a guard vector or two beside the wanted ones; all pairs of a small matrix.
spectrum::EigenPairs leading_pairs(const spectrum::LinearOperator& hessian,
                                   std::int64_t n,
                                   std::int64_t wanted,
                                   const SpectrumOptions& options,
                                   const at::TensorOptions& tensor_options) {
  wanted = std::min(wanted, n);
  const std::int64_t block = n <= kSmall ? n : std::min(n, wanted + 2);
  const double by_dtype = options.common.dtype == "float32" ? 1e-4 : 1e-7;
  return spectrum::lobpcg(
      hessian,
      random_block(n, block, tensor_options, key_of(options).with("start")),
      {.tolerance = options.eigen_tolerance > 0 ? options.eigen_tolerance : by_dtype,
       .wanted = static_cast<int>(wanted),
       .max_iterations = 500});
}

/// The trace needs one Lanczos step a probe (Hutchinson's estimate); the density needs them all.
spectrum::SpectralQuadrature quadrature(const spectrum::LinearOperator& hessian,
                                        std::int64_t n,
                                        const spectrum::EigenPairs& pairs,
                                        const SpectrumOptions& options,
                                        const at::TensorOptions& tensor_options,
                                        bool density) {
  return spectrum::lanczos_quadrature(
      hessian,
      n,
      tensor_options,
      pairs.vectors,
      pairs.values,
      {.probes = static_cast<int>(options.probes),
       .steps = density ? static_cast<int>(options.lanczos_steps) : 1,
       .key = key_of(options).with("probes")});
}

/// The density of eigenvalues, or the eigenvalues themselves where all are known.
json density_json(const spectrum::SpectralQuadrature& measure, std::int64_t dimension) {
  if (std::ssize(measure.deflated) == dimension) return {{"eigenvalues", measure.deflated}};
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& nodes : measure.nodes) {
    low = std::min(low, *std::ranges::min_element(nodes));
    high = std::max(high, *std::ranges::max_element(nodes));
  }
  for (const double value : measure.deflated) high = std::max(high, value);
  const double width = std::max(high - low, 1e-12) / 100;
  std::vector<double> points;
  for (double x = low - 4 * width; x <= high + 4 * width; x += width / 4) points.push_back(x);
  return {{"width", width}, {"points", points}, {"values", measure.density(points, width)}};
}

/// The diagonal block of the Hessian that belongs to one parameter tensor, as an operator on its
/// own elements.
spectrum::LinearOperator layer_block(const spectrum::LinearOperator& hessian,
                                     const nn::ParameterInfo& layer,
                                     std::int64_t dimension) {
  return [&hessian, &layer, dimension](const at::Tensor& v) {
    const auto wide = at::zeros({v.size(1), dimension}, v.options());
    wide.narrow(1, layer.offset, layer.numel()).copy_(v.t());
    return hessian(wide.t()).narrow(0, layer.offset, layer.numel());
  };
}

json layers_json(const Problem& problem,
                 const spectrum::LinearOperator& hessian,
                 const SpectrumOptions& options) {
  const auto tensor_options = problem.objective->options();
  json layers = json::array();
  for (const auto& layer : problem.parameters) {
    const auto block = layer_block(hessian, layer, problem.objective->dimension());
    const auto pairs = leading_pairs(block, layer.numel(), 1, options, tensor_options);
    const auto measure = quadrature(block, layer.numel(), pairs, options, tensor_options, false);
    layers.push_back({{"name", layer.name},
                      {"parameters", layer.numel()},
                      {"trace", measure.trace()},
                      {"trace_error", measure.trace_error()},
                      {"top", nn::to_values(pairs.values).front()}});
    log_info(fmt::format("{}: largest eigenvalue {:.6g}, trace {:.4g}",
                         layer.name,
                         nn::to_values(pairs.values).front(),
                         measure.trace()));
  }
  return layers;
}

void truncate_to(std::vector<double>& values, std::int64_t count) {
  if (static_cast<std::int64_t>(values.size()) > count)
    values.resize(static_cast<std::size_t>(count));
}

}  // namespace

int run_spectrum(const SpectrumOptions& given, const run::Settings& settings) {
  SpectrumOptions options = given;
  run::Settings resolved = settings;
  Problem problem = start_problem(resolved, options.problem, options.common);
  if (options.common.dry_run) return report_size(problem, settings.command());
  RunSession session(options.common, resolved);
  const auto tensor_options = problem.objective->options();
  const std::int64_t dimension = problem.objective->dimension();
  const auto loss = problem.objective->at(problem.initial_weights);
  const spectrum::LinearOperator hessian = [&](const at::Tensor& v) {
    return loss->hessian_times(v);
  };

  const auto pairs = leading_pairs(hessian, dimension, options.eigenpairs, options, tensor_options);
  const auto measure =
      quadrature(hessian, dimension, pairs, options, tensor_options, options.density);
  auto eigenvalues = nn::to_values(pairs.values), residuals = nn::to_values(pairs.residual_norms);
  truncate_to(eigenvalues, options.eigenpairs);
  truncate_to(residuals, options.eigenpairs);
  json results = describe(problem);
  results.update({{"training_loss", loss->loss()},
                  {"eigenvalues", eigenvalues},
                  {"residuals", residuals},
                  {"iterations", pairs.iterations},
                  {"trace", measure.trace()},
                  {"trace_error", measure.trace_error()},
                  {"layers", json::array()}});
  if (pairs.status != spectrum::Status::kConverged) results["warnings"].push_back(pairs.message);
  if (options.density) results["density"] = density_json(measure, dimension);
  if (options.per_layer) results["layers"] = layers_json(problem, hessian, options);
  session.finish("done", std::move(results));
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace thalweg::app
