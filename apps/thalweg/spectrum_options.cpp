#include "spectrum_options.hpp"

#include "thalweg/base/error.hpp"

namespace thalweg::app {

void add_settings(run::Settings& settings, SpectrumOptions& options) {
  const std::string group = "Spectrum";
  settings.add({.name = "eigenpairs",
                .target = &options.eigenpairs,
                .help = "leading eigenpairs to find",
                .metavar = "K",
                .minimum = 1,
                .group = group});
  settings.add({.name = "eigen-tolerance",
                .target = &options.eigen_tolerance,
                .help = "relative residual of an eigenpair; 0 = what the precision allows",
                .minimum = 0,
                .maximum = 1,
                .group = group});
  settings.add({.name = "density",
                .target = &options.density,
                .help = "estimate the density of all eigenvalues too",
                .group = group});
  settings.add({.name = "per-layer",
                .target = &options.per_layer,
                .help = "do the same for the block of every parameter tensor",
                .group = group});
  settings.add({.name = "probes",
                .target = &options.probes,
                .help = "random vectors for the trace and the density",
                .minimum = 1,
                .group = group});
  settings.add({.name = "lanczos-steps",
                .target = &options.lanczos_steps,
                .help = "Hessian products a probe for the density",
                .minimum = 2,
                .group = group});
  add_settings(settings, options.problem);
  add_settings(settings, options.common);
}

void check(const SpectrumOptions& options, const run::Settings& settings) {
  check(options.common, settings);
  if (!options.common.resume.empty()) {
    throw InvalidArgument("--resume",
                          "a spectrum is found in one go and has nothing to resume; run it again.");
  }
  check(options.problem, settings);
}

Command spectrum_command(RunFunction<SpectrumOptions> run) {
  Command command{
      .name = "spectrum",
      .group = "Dynamics",
      .summary = "Find the Hessian's spectrum at given weights",
      .description =
          "Finds the leading eigenpairs and the trace of the Hessian of a training loss at the "
          "weights given by "
          "--init (or at initialisation), with residuals and errors; on request the density of all "
          "eigenvalues and the spectrum of every layer.",
      .example = "thalweg spectrum --eigenpairs 5 --density --dtype float64",
      .sources =
          {"A. V. Knyazev. Toward the Optimal Preconditioned Eigensolver: Locally Optimal Block "
           "Preconditioned Conjugate Gradient Method. SIAM J. Sci. Comput. 23(2):517-541, 2001.",
           "S. Ubaru, J. Chen, Y. Saad. Fast Estimation of tr(f(A)) via Stochastic Lanczos "
           "Quadrature. "
           "SIAM J. Matrix Anal. Appl. 38(4):1075-1099, 2017."},
      .program = "thalweg-torch",
      .settings = run::Settings("spectrum")};
  bind_options(command, run);
  return command;
}

}  // namespace thalweg::app
