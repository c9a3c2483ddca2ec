#include <cmath>
#include <cstdio>
#include <filesystem>

#include "thalweg/base/random.hpp"
#include "thalweg/run/recorder.hpp"

// Records a series, reads it back: random streams, HDF5 and all that lies between are linked.
int main() {
  const auto file = std::filesystem::temp_directory_path() / "thalweg_install_test.h5";
  thalweg::run::Recorder recorder(file);
  recorder.declare("discrete/loss", "nats", "the training loss");
  recorder.record("discrete/loss", 0, thalweg::normal({.seed = 7}, 0));
  recorder.write_snapshot();
  const double loss = thalweg::run::read_metrics(file).at("discrete/loss").at(0);
  std::filesystem::remove(file);
  std::printf("%.17g\n", loss);
  return std::isfinite(loss) ? 0 : 1;
}
