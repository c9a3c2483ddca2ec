#include "thalweg/dynamics/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::dynamics {
namespace {

constexpr double kLastFactor = 1e-4;  // of a cosine: at 0 the preconditioner would be infinite

}  // namespace

Schedule Schedule::parse(std::string_view text) {
  Schedule schedule;
  if (text == "constant") return schedule;
  const auto colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon == std::string_view::npos || (name != "linear-warmup" && name != "cosine")) {
    throw InvalidArgument(
        "--schedule",
        fmt::format("expected constant, linear-warmup:N or cosine:N; got '{}'.", text));
  }
  const std::int64_t steps = parse_int(text.substr(colon + 1), "--schedule");
  if (steps < 1)
    throw InvalidArgument("--schedule", fmt::format("needs N >= 1 steps; got {}.", steps));
  schedule.kind_ = name == "cosine" ? Kind::kCosine : Kind::kWarmup;
  schedule.steps_ = static_cast<double>(steps);
  return schedule;
}

double Schedule::factor(double time) const {
  switch (kind_) {
    case Kind::kConstant:
      return 1;
    case Kind::kWarmup:
      return std::min(1.0, time / steps_);
    case Kind::kCosine: {
      const double phase = std::clamp((time - 1) / steps_, 0.0, 1.0);
      return kLastFactor + (1 - kLastFactor) * (1 + std::cos(std::numbers::pi * phase)) / 2;
    }
  }
  return 1;
}

double Schedule::slope(double time) const {
  const double pi = std::numbers::pi;
  const double phase = (time - 1) / steps_;
  switch (kind_) {
    case Kind::kConstant:
      return 0;
    case Kind::kWarmup:
      return time < steps_ ? 1 / steps_ : 0;
    case Kind::kCosine:
      if (phase <= 0 || phase >= 1) return 0;
      return -(1 - kLastFactor) * pi / (2 * steps_) * std::sin(pi * phase);
  }
  return 0;
}

std::string Schedule::description() const {
  if (kind_ == Kind::kConstant) return "constant";
  return fmt::format("{}:{}", kind_ == Kind::kCosine ? "cosine" : "linear-warmup", steps_);
}

}  // namespace thalweg::dynamics
