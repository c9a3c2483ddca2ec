#include "thalweg/report/report.hpp"

#include <string>

#include <fmt/format.h>

#include "report/run_data.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/report/exponent_page.hpp"
#include "thalweg/report/flow_page.hpp"
#include "thalweg/report/recover_page.hpp"
#include "thalweg/report/spectrum_page.hpp"
#include "thalweg/report/tensorpca_page.hpp"

namespace thalweg::report {
namespace {

std::string page_of(const run::RunFolder& folder) {
  const std::string command = command_of(folder);
  if (command == "exponent") return exponent_page(folder);
  if (command == "flow") return flow_page(folder);
  if (command == "recover") return recover_page(folder);
  if (command == "spectrum") return spectrum_page(folder);
  if (command == "tensorpca") return tensorpca_page(folder);
  throw BadInput(
      folder.path().string(),
      command.empty()
          ? "neither summary.json nor config.toml says which command made this run, so it has "
            "no page. Run the command again with --force."
          : fmt::format("runs of '{}' have no page: only those of exponent, flow, recover, "
                        "spectrum and tensorpca do.",
                        command));
}

}  // namespace

void write_report(const run::RunFolder& folder) {
  write_atomically(folder.report(), page_of(folder));
}

}  // namespace thalweg::report
