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
#include "thalweg/index/smoothed_sgd.hpp"

namespace thalweg::index {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<estimation::Estimator> (*make)();
};

constexpr std::array kEstimators = {
    Entry{"ols", [] { return ols(); }},
    Entry{"sir", [] { return sir(); }},
    Entry{"save", [] { return save(); }},
    Entry{"phd", [] { return phd(); }},
    Entry{"partial-trace", [] { return partial_trace(); }},
    Entry{"online-sgd", [] { return online_sgd(); }},
    Entry{"smoothed-sgd", [] { return smoothed_sgd(); }},
    Entry{"langevin-average", [] { return langevin_average(); }},
    Entry{"sgd-average", [] { return sgd_average(); }},
};

static_assert(std::ranges::equal(kEstimators, kEstimatorNames, {}, &Entry::name));

}  // namespace

std::unique_ptr<estimation::Estimator> make_estimator(const std::string& name) {
  const auto found = std::ranges::find(kEstimators, name, &Entry::name);
  if (found != kEstimators.end()) return found->make();
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
