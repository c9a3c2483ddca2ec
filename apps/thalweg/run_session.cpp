#include "run_session.hpp"

#include "version.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/files.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/base/progress.hpp"
#include "thalweg/base/system.hpp"
#include "thalweg/report/headline.hpp"
#include "thalweg/report/html.hpp"
#include "thalweg/report/report.hpp"

namespace thalweg::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSecondsBetweenCheckpoints = 60;

run::RunFolder open_folder(const CommonOptions& common, const std::string& command) {
  if (!common.resume.empty()) return run::RunFolder::open(common.out, common.resume);
  const auto name = common.name.empty() ? run::default_run_name(common.out, command) : common.name;
  return run::RunFolder::create(common.out, name, common.force);
}

/// On the terminal and into log.txt; with --quiet the warnings only.
void say_headline(const report::Headline& headline) {
  for (const std::string& line : report::terminal_lines(headline)) log_info(line);
  for (const std::string& warning : headline.warnings) log_warning(report::plain_text(warning));
  for (const std::string& advice : headline.suggestions) log_info(report::plain_text(advice));
}

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

RunSession::RunSession(const CommonOptions& common,
                       const run::Settings& settings,
                       Clock::time_point begin)
    : common_(common),
      command_(settings.command()),
      folder_(open_folder(common, settings.command())),
      mark_(folder_.path()),
      recorder_(folder_.metrics()),
      resuming_(!common.resume.empty()),
      begin_(begin),
      last_save_(begin) {
  set_log_file(folder_.log());
  write_atomically(folder_.config(), settings.to_toml(version()));
}

RunSession::~RunSession() { set_log_file({}); }

double RunSession::seconds() const { return earlier_seconds_ + since(begin_); }

std::optional<run::Checkpoint> RunSession::resume_point() {
  if (!resuming_) return {};
  auto checkpoint = run::load_latest_checkpoint(folder_.checkpoints());
  if (!checkpoint) {
    log_warning(
        fmt::format("{} has no checkpoint yet; starting it again.", folder_.path().string()));
    return {};
  }
  recorder_.resume(checkpoint->step);
  earlier_seconds_ = checkpoint->arrays.at("session.seconds").item<double>();
  return checkpoint;
}

void RunSession::save(const run::Checkpoint& checkpoint) {
  recorder_.write_snapshot();
  auto with_time = checkpoint;
  with_time.arrays.insert_or_assign("session.seconds", NdArray::scalar<double>(seconds()));
  run::save_checkpoint(folder_.checkpoints(), with_time);
  last_save_ = Clock::now();
}

bool RunSession::save_due(std::int64_t step, std::int64_t every) const {
  if (every > 0) return step % every == 0;
  return since(last_save_) >= kSecondsBetweenCheckpoints;
}

void RunSession::finish(const std::string& status, nlohmann::json results) {
  recorder_.write_snapshot();
  const nlohmann::json summary = {{"command", command_},
                                  {"version", version()},
                                  {"status", status},
                                  {"seed", common_.seed},
                                  {"seconds_wall", seconds()},
                                  {"peak_memory_bytes", peak_memory_bytes()},
                                  {"results", std::move(results)}};
  folder_.write_summary(summary);
  report::write_report(folder_);
  if (common_.json) fmt::print("{}\n", folder_.read_summary().dump(2));
  say_headline(report::headline(folder_.read_summary()));
  log_info(fmt::format("{} after {}. Report: {}",
                       status == "done"       ? "Done"
                       : status == "diverged" ? "Diverged"
                                              : "Interrupted",
                       duration_text(seconds()),
                       folder_.report().string()));
}

}  // namespace thalweg::app
