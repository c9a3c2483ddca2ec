#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/input_file.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/run/settings.hpp"

namespace {

/// One target of every kind.
struct Options {
  bool flag = false;
  std::int64_t steps = 100;
  double rate = 0.01;
  std::string rule = "gd";
  std::vector<std::string> processes = {"flow"};
  std::optional<double> tolerance;
  std::optional<std::int64_t> width;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const thalweg::fuzz::InputFile file({bytes, size});
  Options options;
  thalweg::run::Settings settings("flow");
  settings.add({.name = "flag", .target = &options.flag, .help = "a switch"});
  settings.add({.name = "steps", .target = &options.steps, .help = "a count", .minimum = 0});
  settings.add({.name = "rate", .target = &options.rate, .help = "a number", .maximum = 1});
  settings.add(
      {.name = "rule", .target = &options.rule, .help = "a choice", .choices = {"gd", "rmsprop"}});
  settings.add({.name = "processes", .target = &options.processes, .help = "a list"});
  settings.add({.name = "tolerance", .target = &options.tolerance, .help = "perhaps a number"});
  settings.add({.name = "width", .target = &options.width, .help = "perhaps a count"});
  try {
    settings.read_toml(file.path());
    settings.to_toml("0.1.0");
  } catch (const thalweg::BadInput&) {
  }
  return 0;
}
