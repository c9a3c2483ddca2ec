#include "thalweg/index/estimators.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/index/inverse_regression.hpp"
#include "thalweg/index/langevin_average.hpp"
#include "thalweg/index/ols.hpp"
#include "thalweg/index/partial_trace.hpp"
#include "thalweg/index/sgd_average.hpp"
#include "thalweg/index/u_statistic.hpp"

namespace thalweg::index {
namespace {

using Made = std::unique_ptr<estimation::Estimator>;
using Options = MethodOptions;

InverseRegressionOptions inverse_regression_options(const Options& options) {
  return options.slices == 0 ? InverseRegressionOptions{}
                             : InverseRegressionOptions{.slices = options.slices};
}

SmoothedSgdOptions smoothed_sgd_options(const Options& options) {
  return {.radius = options.radius,
          .radius_exponent = options.radius_exponent,
          .rate_scale = options.rate_scale,
          .passes = options.passes};
}

// Which labels it takes is the command's business.
PartialTraceOptions partial_trace_options(const Options& options) {
  return {.refine = options.refine, .choose_transform = false};
}

UStatisticOptions u_statistic_options(const Options& options) {
  return {.kernel = options.kernel, .slices = options.slices};
}

struct Entry {
  std::string_view name;
  Made (*make)(const Options&);
};

constexpr std::array kEstimators = {
    Entry{"ols", [](const Options&) { return ols(); }},
    Entry{"sir", [](const Options& o) { return sir(inverse_regression_options(o)); }},
    Entry{"save", [](const Options& o) { return save(inverse_regression_options(o)); }},
    Entry{"phd", [](const Options&) { return phd(); }},
    Entry{"partial-trace",
          [](const Options& o) { return partial_trace(partial_trace_options(o)); }},
    Entry{"u-statistic", [](const Options& o) { return u_statistic(u_statistic_options(o)); }},
    Entry{"online-sgd", [](const Options& o) { return online_sgd(o.rate_scale, o.passes); }},
    Entry{"smoothed-sgd", [](const Options& o) { return smoothed_sgd(smoothed_sgd_options(o)); }},
    Entry{"langevin-average",
          [](const Options& o) { return langevin_average({.rao_blackwell = o.rao_blackwell}); }},
    Entry{"sgd-average", [](const Options&) { return sgd_average(); }},
};

static_assert(std::ranges::equal(kEstimators, kEstimatorNames, {}, &Entry::name));

}  // namespace

std::unique_ptr<estimation::Estimator> make_estimator(const std::string& name,
                                                      const MethodOptions& options) {
  const auto found = std::ranges::find(kEstimators, name, &Entry::name);
  if (found != kEstimators.end()) return found->make(options);
  throw InvalidArgument("method",
                        fmt::format("there is none called '{}'.{} There are {}.",
                                    name,
                                    did_you_mean(name, estimator_names()),
                                    join(estimator_names(), ", ")));
}

std::vector<std::string> estimator_names() {
  return {kEstimatorNames.begin(), kEstimatorNames.end()};
}

}  // namespace thalweg::index
