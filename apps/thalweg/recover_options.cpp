#include "recover_options.hpp"

#include <algorithm>

#include "link_options.hpp"

#include "thalweg/base/error.hpp"
#include "thalweg/index/estimator_names.hpp"

namespace thalweg::app {
namespace {

std::vector<std::string> method_names() {
  std::vector<std::string> names(index::kEstimatorNames.begin(), index::kEstimatorNames.end());
  names.insert(names.end(), index::kChainNames.begin(), index::kChainNames.end());
  return names;
}

}  // namespace

void add_settings(run::Settings& settings, RecoverOptions& options) {
  const std::string group = "Problem";
  add_link_settings(settings, options.link, options.noise);
  settings.add({.name = "order",
                .target = &options.order,
                .help = "Hermite order at which the methods look; by default the link's generative "
                        "exponent",
                .metavar = "K",
                .minimum = 1,
                .maximum = 8,
                .group = group});
  settings.add({.name = "labels",
                .target = &options.labels,
                .help = "what methods that correlate y with a polynomial of x take for y: raw, the "
                        "optimal transform of it, or auto: optimal where raw shows nothing at the "
                        "order",
                .choices = {"auto", "raw", "optimal"},
                .group = group});
  settings.add({.name = "methods",
                .target = &options.methods,
                .help = "estimators to race, with commas between them; by default all that "
                        "can have such a problem but langevin-average",
                .metavar = "A,B,...",
                .choices = method_names(),
                .group = group});
  const std::string tuning = "Methods";
  settings.add({.name = "slices",
                .target = &options.slices,
                .help = "of the response, for sir, save and u-statistic; 0 = by the method",
                .minimum = 0,
                .maximum = 10000,
                .group = tuning});
  settings.add({.name = "kernel",
                .target = &options.kernel,
                .help = "how alike two responses are to u-statistic: in one slice, near each other "
                        "(radial), or by their product (linear)",
                .choices = {"slices", "radial", "linear"},
                .group = tuning});
  settings.add({.name = "refine",
                .target = &options.refine,
                .help = "take power steps behind the partial trace",
                .group = tuning});
  settings.add({.name = "radius",
                .target = &options.radius,
                .help = "of the circles over which smoothed SGD averages: d^0.25 from order 3 on, "
                        "that of the least samples (automatic), or d^0.25 that shrinks as the "
                        "direction is found (annealed)",
                .choices = {"default", "automatic", "annealed"},
                .group = tuning});
  settings.add({.name = "radius-exponent",
                .target = &options.radius_exponent,
                .help = "take d^E for that radius",
                .metavar = "E",
                .minimum = 0,
                .maximum = 1,
                .group = tuning});
  settings.add({.name = "rate-scale",
                .target = &options.rate_scale,
                .help = "factor of the learning rate of online and smoothed SGD, 0.1 to 0.9 work",
                .metavar = "M",
                .minimum = 0.001,
                .maximum = 100,
                .group = tuning});
  settings.add({.name = "passes",
                .target = &options.passes,
                .help = "of online and smoothed SGD over the rows; with more than one they begin "
                        "anew at every sample size",
                .minimum = 1,
                .maximum = 10000,
                .group = tuning});
  settings.add({.name = "average",
                .target = &options.average,
                .help = "what langevin-average averages: its iterates, as published, or the "
                        "gradients it meets, which has the same limit",
                .choices = {"iterates", "gradients"},
                .group = tuning});
  add_settings(settings, options.race);
  add_settings(settings, options.common);
}

void check(const RecoverOptions& options, const run::Settings& settings) {
  check(options.common, settings);
  check(options.race, settings);
  if (options.radius != "default" && options.radius_exponent) {
    throw InvalidArgument("--radius-exponent",
                          "says the radius, and so does --radius; leave one of them out.");
  }
  const bool chains = std::ranges::any_of(
      options.methods, [](const std::string& name) { return name.ends_with("-chain"); });
  if (!chains) return;
  if (options.radius == "annealed") {
    throw InvalidArgument("--radius",
                          "a chain keeps its radius; anneal smoothed-sgd, or leave chains out.");
  }
  if (options.passes > 1) {
    throw InvalidArgument(
        "--passes", "a chain meets every row once; pass again with online-sgd or smoothed-sgd.");
  }
}

Command recover_command(RunFunction<RecoverOptions> run) {
  Command command{
      .name = "recover",
      .group = "Index models",
      .summary = "Race estimators on planted index models",
      .description =
          "Plants directions in Gaussian data, lets a response depend on them through a link, and "
          "races published estimators to find them again: how much each has found after how many "
          "samples, at how many it has found half, and with which power of the dimension that "
          "number grows, beside what the theory says.",
      .example =
          "thalweg recover --link 'relu(z) - relu(z-1)' --dimension 50,100,200 --methods "
          "ols,sir,partial-trace",
      .sources =
          {"A. Damian, L. Pillaud-Vivien, J. D. Lee, J. Bruna. Computational-Statistical Gaps in "
           "Gaussian Single-Index Models. COLT 2024, arXiv:2403.05529.",
           "A. Damian, J. D. Lee, J. Bruna. The Generative Leap: Sharp Sample Complexity for "
           "Efficiently Learning Gaussian Multi-Index Models. 2025, arXiv:2506.05500.",
           "A. Damian, E. Nichani, R. Ge, J. D. Lee. Smoothing the Landscape Boosts the Signal for "
           "SGD. NeurIPS 2023, arXiv:2305.10633.",
           "S. Wei, A. Damian, J. D. Lee. ICLR 2026, arXiv:2603.06028."},
      .program = "thalweg-index",
      .settings = run::Settings("recover")};
  bind_options(command, run);
  return command;
}

}  // namespace thalweg::app
