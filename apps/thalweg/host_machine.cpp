#include "host_machine.hpp"

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/base/system.hpp"

namespace thalweg::app {

void use_host(run::Settings& settings, CommonOptions& common) {
  if (common.device != "cpu") {
    throw InvalidArgument(
        "--device",
        fmt::format(
            "thalweg {} runs on the cpu only; got '{}'.", settings.command(), common.device));
  }
  set_log_quiet(common.quiet);
  resolve_threads(settings, common);
  set_blas_threads(1);
}

void check_memory(const CommonOptions& common, double bytes, const char* remedy) {
  if (common.memory.empty()) return;
  const auto limit = static_cast<double>(parse_size(common.memory));
  if (bytes <= limit) return;
  throw InvalidArgument("--memory",
                        fmt::format("{} is less than the {} that this would take; {}.",
                                    common.memory,
                                    size_text(bytes),
                                    remedy));
}

}  // namespace thalweg::app
