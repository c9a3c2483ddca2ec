#include "resume.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/run/folder.hpp"

namespace thalweg::app {
namespace {

using GivenValues = std::map<std::string, std::vector<std::string>>;

constexpr std::array<std::string_view, 7> kMayDiffer = {
    "resume", "out", "steps", "threads", "memory", "quiet", "json"};

void refuse_other_settings(const GivenValues& given) {
  std::vector<std::string> refused;
  for (const auto& [name, values] : given) {
    if (std::ranges::find(kMayDiffer, name) == kMayDiffer.end()) refused.push_back("--" + name);
  }
  if (refused.empty()) return;
  throw InvalidArgument("--resume",
                        fmt::format("a run goes on with its own settings; leave out {}. Only "
                                    "--steps, --threads, --memory, --quiet "
                                    "and --json may differ.",
                                    join(refused, ", ")));
}

std::string text_value(const run::Settings& settings, std::string_view name) {
  return *std::get<std::string*>(settings.find(name)->target);
}

std::int64_t steps_of(const run::Settings& settings) {
  const auto* steps = settings.find("steps");
  return steps == nullptr ? 0 : *std::get<std::int64_t*>(steps->target);
}

}  // namespace

void apply_resume(const GivenValues& given, run::Settings& settings) {
  refuse_other_settings(given);
  const auto out = given.find("out");
  const auto folder =
      run::RunFolder::open(out == given.end() ? text_value(settings, "out") : out->second.back(),
                           given.at("resume").back());
  settings.read_toml(folder.config());

  const auto steps_of_run = steps_of(settings);
  for (const auto& [name, values] : given) settings.set(name, values);
  if (steps_of(settings) < steps_of_run) {
    throw InvalidArgument(
        "--steps",
        fmt::format("the run to resume has {} steps; give as many or more.", steps_of_run));
  }
}

}  // namespace thalweg::app
