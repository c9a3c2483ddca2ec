#include "tensorpca_options.hpp"

#include <map>

#include "thalweg/index/tensor_method_names.hpp"

namespace thalweg::app {

void add_settings(run::Settings& settings, TensorpcaOptions& options) {
  const std::string group = "Problem";
  settings.add({.name = "order",
                .target = &options.order,
                .help = "of the tensors",
                .metavar = "K",
                .minimum = 2,
                .maximum = 5,
                .group = group});
  settings.add({.name = "methods",
                .target = &options.methods,
                .help = "methods to race, with commas between them; by default all",
                .metavar = "A,B,...",
                .choices = {index::kTensorMethods.begin(), index::kTensorMethods.end()},
                .group = group});
  settings.add({.name = "average",
                .target = &options.average,
                .help = "what langevin-average averages: its iterates, as published, or the "
                        "gradients it meets, which has the same limit and is sooner there",
                .choices = {"iterates", "gradients"},
                .group = group});
  settings.add({.name = "refine",
                .target = &options.refine,
                .help = "let power iterations follow langevin-average and partial-trace",
                .group = group});
  add_settings(settings, options.race);
  add_settings(settings, options.common);
}

RaceSettings race_of(const TensorpcaOptions& options) {
  static const std::map<std::int64_t, std::string> suitable = {
      {2, "16,24,32,48,64"}, {3, "16,24,32,48"}, {4, "8,12,16,24"}, {5, "6,8,10,14"}};
  RaceSettings race = options.race;
  if (race.dimension == "auto") race.dimension = suitable.at(options.order);
  return race;
}

void check(const TensorpcaOptions& options, const run::Settings& settings) {
  check(options.common, settings);
  check(race_of(options), settings);
}

Command tensorpca_command(RunFunction<TensorpcaOptions> run) {
  Command command{
      .name = "tensorpca",
      .group = "Index models",
      .summary = "Race methods on spiked tensors",
      .description =
          "Hides a direction w in symmetric Gaussian noise, Y = w^k + G / sqrt(n), and races "
          "averaged Langevin dynamics, partial traces, power iteration and unfolding to find it "
          "again: how much each has found at which signal n, where it has found half, and with "
          "which power of the dimension that n grows, beside what the theory says.",
      .example =
          "thalweg tensorpca --order 4 --dimension 8,12,16 --methods unfolding,partial-trace",
      .sources =
          {"Wei, A. Damian, J. D. Lee. Improved High-Dimensional Estimation with Langevin Dynamics "
           "and Stochastic Weight Averaging. ICLR 2026, arXiv:2603.06028.",
           "A. Montanari, E. Richard. A Statistical Model for Tensor PCA. NeurIPS 2014, "
           "arXiv:1411.1076.",
           "S. B. Hopkins, T. Schramm, J. Shi, D. Steurer. Fast Spectral Algorithms from "
           "Sum-of-Squares Proofs. STOC 2016, arXiv:1512.02337."},
      .program = "thalweg-index",
      .settings = run::Settings("tensorpca")};
  bind_options(command, run);
  return command;
}

}  // namespace thalweg::app
