#include "resolve.hpp"

#include <filesystem>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "thalweg/base/system.hpp"

namespace thalweg::app {
namespace {

void make_absolute(run::Settings& settings, std::string_view name, std::string& path) {
  if (path.empty()) return;
  path = std::filesystem::absolute(path).lexically_normal().string();
  settings.set(name, {path});
}

void make_data_absolute(run::Settings& settings, std::string& data) {
  constexpr std::string_view kCifar = "cifar10:";
  if (data == "fashion-mnist" || data == "none") return;
  if (data == "sorting" || data.starts_with("sorting:")) return;
  const std::string prefix = data.starts_with(kCifar) ? std::string(kCifar) : "";
  data = prefix + std::filesystem::absolute(data.substr(prefix.size())).lexically_normal().string();
  settings.set("data", {data});
}

}  // namespace

void resolve(run::Settings& settings, CommonOptions& common, ProblemOptions& problem) {
  if (common.threads == 0) {
    common.threads = available_processors();
    settings.set("threads", {fmt::format("{}", common.threads)});
  }
  make_absolute(settings, "torchscript", problem.torchscript);
  make_absolute(settings, "init", problem.init);
  make_data_absolute(settings, problem.data);
}

}  // namespace thalweg::app
