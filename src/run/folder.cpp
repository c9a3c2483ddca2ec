#include "thalweg/run/folder.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include "run/temporaries.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/run/live.hpp"

namespace thalweg::run {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> kParts = {
    "config.toml", "metrics.h5", "summary.json", "log.txt", "report.html", "checkpoints"};

// Where `thalweg export` writes, and `thalweg report --charts` where it is told so.
constexpr std::array<std::string_view, 2> kExported = {"csv", "charts"};

constexpr std::size_t kLargestSummary = std::size_t{1} << 28;        // bytes
constexpr std::size_t kLargestConfiguration = std::size_t{1} << 24;  // bytes

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

bool is_run(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder, ignored) &&
         std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
           return is_there(folder / part);
         });
}

/// A part of a run, or what a killed process left of one.
bool belongs_to_run(const std::string& entry) {
  const std::string part = target_of_temporary(entry).value_or(entry);
  return std::ranges::count(kExported, part) > 0 || std::ranges::count(kParts, part) > 0;
}

/// The first entry of a folder that no run has made.
std::optional<std::string> foreign_entry(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!belongs_to_run(name)) return name;
  }
  return {};
}

void check_name(const std::string& name) {
  const bool has_control =
      std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (name.empty() || name == "." || has_control || name.find('/') != std::string::npos ||
      name.find("..") != std::string::npos) {
    throw InvalidArgument(
        "--name",
        fmt::format("'{}' cannot name a run: a name is not empty and holds no '/', "
                    "no '..' and no control characters. Use --out for the folder.",
                    name));
  }
}

/// Whether the folder may be removed with all that is in it. @throws BadInput  why not
void check_no_more_than_run(const fs::path& path) {
  if (fs::symlink_status(path).type() != fs::file_type::directory) {
    throw BadInput(path.string(), "is a link or a file and no folder of a run: it is not removed.");
  }
  if (const auto foreign = foreign_entry(path)) {
    throw BadInput(path.string(),
                   fmt::format("holds '{}', which is no part of a run: it is not removed. Move "
                               "that file away first.",
                               *foreign));
  }
}

void remove_old_run(const fs::path& path) {
  check_no_more_than_run(path);
  if (is_live(path)) {
    throw BadInput(path.string(),
                   "is going on in another process: --force does not replace it. Use another "
                   "--name, or stop that run first.");
  }
  fs::remove_all(path);
}

/// Names under `out`, of those that match a pattern, in no order.
std::vector<std::string> run_names(const fs::path& out, const std::string& pattern = "*") {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(out, error)) {
    const std::string name = entry.path().filename().string();
    if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0 && is_run(entry.path()))
      names.push_back(name);
  }
  return names;
}

bool is_pattern(const std::string& run) { return run.find_first_of("*?[") != std::string::npos; }

/// The path with a last component that names the folder: "runs/a/" and "." have none.
fs::path with_file_name(const fs::path& path) {
  const fs::path last = path.filename();
  if (last.empty()) return with_file_name(path.parent_path());
  return last == "." || last == ".." ? fs::canonical(path) : path;
}

nlohmann::json parse_summary(const fs::path& file) {
  const std::string text = read_file(file, kLargestSummary);
  try {
    auto summary = nlohmann::json::parse(text);
    if (summary.is_object()) return summary;
  } catch (const nlohmann::json::parse_error& error) {
    throw BadInput(file.string(),
                   fmt::format("is no JSON (byte {} of {}): damaged or cut off. Resume the run to "
                               "write it again.",
                               error.byte,
                               text.size()));
  }
  throw BadInput(file.string(), "must hold one JSON object. Resume the run to write it again.");
}

std::string command_in_config(const fs::path& file) {
  try {
    const toml::table table = toml::parse(read_file(file, kLargestConfiguration));
    return table["command"].value_or(std::string());
  } catch (const toml::parse_error&) {
    return "";
  } catch (const Error&) {
    return "";
  }
}

std::int64_t size_of(const fs::path& folder) {
  std::int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    std::error_code gone;  // a running process renames files while we look
    const auto size = i->is_regular_file(gone) ? i->file_size(gone) : 0;
    if (!gone) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

fs::file_time_type newest_change(const fs::path& folder) {
  std::error_code error;
  auto newest = fs::last_write_time(folder, error);
  for (const std::string_view part : kParts) {
    const auto time = fs::last_write_time(folder / part, error);
    if (!error) newest = std::max(newest, time);
  }
  return newest;
}

RunInfo describe(const fs::path& folder) {
  RunInfo info;
  info.path = folder;
  info.command = command_in_config(folder / "config.toml");
  info.bytes = size_of(folder);
  info.modified = newest_change(folder);
  const bool live = is_live(folder);
  if (!is_there(folder / "summary.json")) {
    info.status = live ? "running" : "unfinished";
    return info;
  }
  try {
    const auto summary = parse_summary(folder / "summary.json");
    info.command = summary.value("command", info.command);
    info.status = summary.value("status", "done");
    info.seconds = summary.value("seconds_wall", 0.0);
  } catch (const BadInput&) {
    info.status = "damaged";
  } catch (const nlohmann::json::type_error&) {
    info.status = "damaged";
  }
  if (live) info.status = "running";
  return info;
}

}  // namespace

RunFolder RunFolder::create(const fs::path& out, const std::string& name, bool force) {
  check_name(name);
  const fs::path path = out / name;
  try {
    if (force && is_there(path)) remove_old_run(path);
    fs::create_directories(out);
    // Creating and checking are one step, so that two runs started at once never share a folder.
    if (!is_there(path) && fs::create_directory(path)) return RunFolder(path);
  } catch (const fs::filesystem_error& error) {
    throw RunFailed(
        path.string(),
        fmt::format("the run folder cannot be created ({}). Choose a folder that can be "
                    "written with --out.",
                    error.code().message()));
  }
  throw BadInput(
      path.string(),
      "exists already. Use --name for another name, --resume to go on with it, or --force "
      "to replace it.");
}

RunFolder RunFolder::open(const fs::path& out, const std::string& run) {
  for (const fs::path& path : {out / run, fs::path(run)}) {
    if (!run.empty() && is_run(path)) return RunFolder(with_file_name(path));
  }
  if (!run.empty() && is_there(run)) {
    throw BadInput(run, "is no run folder: it holds no config.toml and no metrics.h5.");
  }
  const auto names = run_names(out);
  const std::string hint = did_you_mean(run, names);
  throw BadInput(
      (out / run).string(),
      "there is no such run." + (hint.empty() ? " 'thalweg list' shows those there are." : hint));
}

void RunFolder::check_removable(bool force) const {
  check_no_more_than_run(path_);
  if (!force && is_live(path_)) {
    throw BadInput(path_.string(),
                   "is going on in another process: it is not removed. Stop that run first, or "
                   "give --force.");
  }
}

void RunFolder::remove(bool force) const {
  check_removable(force);
  std::error_code error;
  fs::remove_all(path_, error);
  if (error) {
    throw RunFailed(path_.string(),
                    fmt::format("cannot be removed as a whole: {}.", error.message()));
  }
}

void RunFolder::write_summary(const nlohmann::json& summary) const {
  // dump() writes NaN and infinities as null; text that is not UTF-8 must not lose the whole
  // summary.
  const auto replace = nlohmann::json::error_handler_t::replace;
  write_atomically(this->summary(), summary.dump(2, ' ', false, replace) + "\n");
}

nlohmann::json RunFolder::read_summary() const { return parse_summary(summary()); }

std::string default_run_name(const fs::path& out, const std::string& command) {
  const std::string base =
      fmt::format("{}-{:%Y%m%d-%H%M%S}", command, fmt::localtime(std::time(nullptr)));
  std::string name = base;
  for (int number = 2; is_there(out / name); ++number) name = fmt::format("{}-{}", base, number);
  return name;
}

RunInfo describe_run(const RunFolder& run) { return describe(run.path()); }

std::vector<RunInfo> list_runs(const fs::path& out, const std::string& pattern) {
  std::vector<RunInfo> runs;
  for (const std::string& name : run_names(out, pattern)) runs.push_back(describe(out / name));
  std::sort(runs.begin(), runs.end(), [](const RunInfo& a, const RunInfo& b) {
    return std::pair(b.modified, a.path) < std::pair(a.modified, b.path);
  });
  return runs;
}

std::vector<RunFolder> open_runs(const fs::path& out, const std::vector<std::string>& runs) {
  std::vector<RunFolder> folders;
  for (const std::string& run : runs) {
    if (!is_pattern(run) || is_there(out / run) || is_there(run)) {
      folders.push_back(RunFolder::open(out, run));
      continue;
    }
    auto names = run_names(out, run);
    if (names.empty()) {
      throw BadInput((out / run).string(),
                     "no run has a name like this. 'thalweg list' shows those there are.");
    }
    std::ranges::sort(names);
    for (const std::string& name : names) folders.push_back(RunFolder::open(out, name));
  }
  return folders;
}

}  // namespace thalweg::run
