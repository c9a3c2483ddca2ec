#include "base/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "thalweg/base/text.hpp"

namespace thalweg {
namespace {

// Version 2 keeps "QUOTA PERIOD" in cpu.max; a quota of "max" means no limit.
std::optional<double> quota_v2(const std::filesystem::path& group) {
  std::ifstream file(group / "cpu.max");
  double quota = 0;
  double period = 0;
  if (file >> quota >> period && quota > 0 && period > 0) {
    return quota / period;
  }
  return std::nullopt;
}

// Version 1 keeps the two numbers in two files; a quota of -1 means no limit.
std::optional<double> quota_v1(const std::filesystem::path& group) {
  std::ifstream quota_file(group / "cpu.cfs_quota_us");
  std::ifstream period_file(group / "cpu.cfs_period_us");
  double quota = 0;
  double period = 0;
  if (quota_file >> quota && period_file >> period && quota > 0 && period > 0) {
    return quota / period;
  }
  return std::nullopt;
}

using QuotaReader = std::optional<double> (*)(const std::filesystem::path&);

// The smallest quota from `group` up to the root of the hierarchy. Inside a container the group's
// path may be the host's and not exist below the mount; the walk then starts to count at the mount.
std::optional<double> smallest_quota(const std::filesystem::path& mount,
                                     const std::string& group,
                                     QuotaReader read) {
  std::optional<double> smallest = read(mount);
  std::filesystem::path folder = mount;
  for (const std::string& part : split(group, '/')) {
    if (part.empty() || part == "..") {
      continue;
    }
    folder /= part;
    const auto quota = read(folder);
    if (quota && (!smallest || *quota < *smallest)) {
      smallest = quota;
    }
  }
  return smallest;
}

}  // namespace

std::optional<double> cgroup_processors(const std::filesystem::path& root,
                                        std::string_view membership) {
  std::optional<double> smallest;
  for (const std::string& line : split(membership, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    // hierarchy:controllers:path, where version 2 names no controllers.
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    const auto names = split(controllers, ',');
    std::optional<double> quota;
    if (controllers.empty()) {
      quota = smallest_quota(root, group, quota_v2);
    } else if (std::find(names.begin(), names.end(), "cpu") != names.end()) {
      quota = smallest_quota(root / controllers, group, quota_v1);
    }
    if (quota && (!smallest || *quota < *smallest)) {
      smallest = quota;
    }
  }
  return smallest;
}

}  // namespace thalweg
