#include "thalweg/base/system.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include <dlfcn.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include "base/cgroup.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

// Processors in the affinity mask, or nothing if the system does not say.
std::optional<int> affinity_processors() {
  constexpr int kMostProcessors = 1 << 16;
  for (int capacity = CPU_SETSIZE; capacity <= kMostProcessors; capacity *= 2) {
    const std::size_t bytes = CPU_ALLOC_SIZE(capacity);
    cpu_set_t* const set = CPU_ALLOC(capacity);
    const bool found = set != nullptr && sched_getaffinity(0, bytes, set) == 0;
    const int count = found ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (found) {
      return count;
    }
  }
  return std::nullopt;
}

std::string membership_text() {
  std::ifstream file("/proc/self/cgroup");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return result;
}

// Bytes in one unit; "" and "b" are bytes.
std::optional<double> unit_bytes(std::string_view unit) {
  constexpr std::string_view kPrefixes = "kmgt";
  if (unit.empty() || unit == "b") {
    return 1;
  }
  const std::size_t power = kPrefixes.find(unit[0]);
  if (power == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = unit.substr(1);
  if (rest == "b") {
    return std::pow(1000.0, static_cast<double>(power + 1));
  }
  if (rest.empty() || rest == "ib") {
    return std::pow(1024.0, static_cast<double>(power + 1));
  }
  return std::nullopt;
}

}  // namespace

int available_processors() {
  int processors = affinity_processors().value_or(1);
  if (const auto quota = cgroup_processors("/sys/fs/cgroup", membership_text())) {
    processors = static_cast<int>(std::min<double>(processors, std::ceil(*quota)));
  }
  return std::max(processors, 1);
}

bool set_blas_threads(int threads) {
  if (threads < 1) {
    throw InvalidArgument("set_blas_threads",
                          fmt::format("threads must be >= 1; got {}.", threads));
  }
  using SetThreads = void (*)(int);
  const auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (set == nullptr) {
    return false;
  }
  set(threads);
  return true;
}

void set_math_environment() {
  constexpr int kKeepTheUsers = 0;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    setenv("OPENBLAS_CORETYPE", "SkylakeX", kKeepTheUsers);
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    setenv("OPENBLAS_CORETYPE", "Haswell", kKeepTheUsers);
  }
#endif
  setenv("OPENBLAS_THREAD_TIMEOUT", "14", kKeepTheUsers);  // 2^14 cycles
  setenv("GOMP_SPINCOUNT", "5000", kKeepTheUsers);
  // Blocks of eigenvectors come and go at every step; memory given back would be faulted in again.
  setenv("MALLOC_MMAP_THRESHOLD_", "33554432", kKeepTheUsers);  // glibc's largest, 32 MiB
  setenv("MALLOC_TRIM_THRESHOLD_", "1073741824", kKeepTheUsers);
}

std::int64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;  // Linux counts in KiB
}

std::int64_t parse_size(std::string_view text) {
  const std::string form = lower(text);
  double number = 0;
  const char* const end_of_text = form.data() + form.size();
  const auto [end, error] = std::from_chars(form.data(), end_of_text, number);
  std::string_view unit(end, static_cast<std::size_t>(end_of_text - end));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  const auto scale = unit_bytes(unit);
  const double bytes = number * scale.value_or(1);
  if (error != std::errc() || !scale || !(bytes >= 0) || bytes >= 0x1p63) {
    throw InvalidArgument(
        "size",
        fmt::format("expected a size such as 4GB, 512 MiB, 2e9 or 1.5G (kB, MB, GB, TB are powers "
                    "of 1000; KiB, MiB, GiB, TiB and K, M, G, T powers of 1024); got '{}'.",
                    text));
  }
  return static_cast<std::int64_t>(bytes);
}

std::string size_text(double bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (std::abs(bytes) >= 999.995 && unit + 1 < kUnits.size()) {  // 999.995 prints as 1000.00
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.2f} {}", bytes, kUnits[unit]);
}

}  // namespace thalweg
