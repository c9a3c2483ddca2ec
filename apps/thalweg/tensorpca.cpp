#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "host_machine.hpp"
#include "race_run.hpp"
#include "tensorpca_options.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/index/tensor_methods.hpp"
#include "thalweg/run/interrupt.hpp"

namespace thalweg::app {
namespace {

using nlohmann::json;

/// Fills in what --dimension and --methods leave open.
void resolve(run::Settings& settings, TensorpcaOptions& options) {
  options.race = race_of(options);
  settings.set("dimension", {options.race.dimension});
  if (!options.methods.empty()) return;
  options.methods = {index::kTensorMethods.begin(), index::kTensorMethods.end()};
  settings.set("methods", options.methods);
}

/// Overlaps at every n on the tensor that `key` plants. Fewer of them where it was interrupted: an
/// average cut short is left out.
std::vector<double> overlaps_of(const std::string& method,
                                const TensorpcaOptions& options,
                                int dimension,
                                std::span<const std::int64_t> samples,
                                Key key) {
  const index::SpikedTensor tensor(static_cast<int>(options.order), dimension, key);
  const index::TensorMethodOptions method_options{
      .rao_blackwell = options.average == "gradients", .refine = options.refine, .interrupted = [] {
        return run::InterruptGuard::requested();
      }};
  std::vector<double> overlaps2;
  for (const std::int64_t n : samples) {
    const Vector found = index::estimate_spike(
        method, tensor, static_cast<double>(n), method_options, key.with(method));
    if (run::InterruptGuard::requested()) break;
    overlaps2.push_back(std::pow(found.dot(tensor.direction()), 2));
  }
  return overlaps2;
}

estimation::Racer racer_of(const std::string& method, const TensorpcaOptions& options) {
  return estimation::Racer::one_by_one(
      [method, options](int dimension, std::span<const std::int64_t> samples, Key key) {
        return overlaps_of(method, options, dimension, samples, key);
      });
}

/// @throws InvalidArgument  dimensions whose tensors are too large, with the largest that do
void check_dimensions(const TensorpcaOptions& options) {
  const int order = static_cast<int>(options.order), largest = options.race.dimensions().back();
  const double bytes = index::spiked_tensor_bytes(order, largest);
  if (bytes <= index::kMostSpikedTensorBytes) return;
  const double fits = largest * std::pow(index::kMostSpikedTensorBytes / bytes, 1.0 / order);
  throw InvalidArgument("--dimension",
                        fmt::format("a tensor of order {} in {} dimensions takes {}, of {} at "
                                    "most: give dimensions up to {}.",
                                    order,
                                    largest,
                                    size_text(bytes),
                                    size_text(index::kMostSpikedTensorBytes),
                                    std::floor(fits)));
}

/// The noise, the spike added to it and what a product needs, on every thread.
double race_bytes(const TensorpcaOptions& options, const estimation::RaceOptions& race) {
  return 3 * race.threads *
         index::spiked_tensor_bytes(static_cast<int>(options.order), race.dimensions.back());
}

}  // namespace

int run_tensorpca(const TensorpcaOptions& given, const run::Settings& settings) {
  TensorpcaOptions options = given;
  run::Settings resolved = settings;
  use_host(resolved, options.common);
  resolve(resolved, options);
  check_dimensions(options);
  ExpectedSamples expected;
  std::map<std::string, estimation::Racer> racers;
  for (const auto& method : options.methods) {
    expected[method] =
        index::spike_complexity(method, static_cast<int>(options.order), options.refine);
    racers[method] = racer_of(method, options);
  }
  estimation::Race race(
      racers,
      race_options(options.race, options.common, "tensorpca", expected, [](int) { return 1.0; }));
  const double bytes = race_bytes(options, race.options());
  if (options.common.dry_run) {
    report_race_size(race, settings.command(), bytes);
    return static_cast<int>(ExitCode::kDone);
  }
  check_memory(options.common, bytes, "give a smaller --dimension or fewer --threads");
  RunSession session(options.common, resolved);
  const auto status = run_race(race, session, options.race, options.common.quiet);
  json results = race_results(race, expected);
  results["order"] = options.order;
  results["average"] = options.average;
  results["refine"] = options.refine;
  return finish_race(session, settings.command(), status, std::move(results));
}

}  // namespace thalweg::app
