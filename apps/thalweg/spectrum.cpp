#include "spectrum_options.hpp"

#include "thalweg/base/error.hpp"

namespace thalweg::app {

int run_spectrum(const SpectrumOptions&, const run::Settings&) {
  throw InternalError("spectrum", "the command is not written yet.");
}

}  // namespace thalweg::app
