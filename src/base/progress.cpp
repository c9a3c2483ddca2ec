#include "thalweg/base/progress.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/terminal.hpp"

namespace thalweg {
namespace {

using namespace std::chrono_literals;

constexpr auto kRedraw = 100ms;
constexpr std::chrono::milliseconds kFirstPlainLine = 10s;
constexpr std::chrono::milliseconds kLongestSilence = 60s;

// The rate is that of the last half minute, or of the last few samples where units take longer.
constexpr auto kWindow = 30s;
constexpr std::size_t kFewestSamples = 8;

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Progress::Progress(std::string what, std::int64_t total, std::int64_t done, bool quiet)
    : what_(std::move(what)),
      total_(total),
      start_(done),
      done_(done),
      quiet_(quiet),
      terminal_(!quiet && terminal::is_interactive()),
      begin_(Clock::now()),
      last_(begin_),
      interval_(terminal_ ? kRedraw : kFirstPlainLine),
      samples_{{begin_, done}} {}

Progress::~Progress() { finish(); }

void Progress::update(std::int64_t done, std::string_view note) {
  if (quiet_) {
    return;
  }
  const auto now = Clock::now();
  done_ = done;
  note_ = note;
  sample(now);
  if (now - last_ < interval_) {
    return;
  }
  last_ = now;
  if (terminal_) {
    terminal::draw(line(now));
  } else {
    terminal::print(line(now));
    interval_ = std::min(interval_ * 3 / 2, kLongestSilence);
  }
}

void Progress::finish() {
  if (quiet_ || done_ == start_) {
    return;
  }
  const std::string text = summary(Clock::now());
  if (terminal_) {
    terminal::draw(text);
    terminal::keep_line();
  } else {
    terminal::print(text);
  }
  quiet_ = true;  // nothing more to say
}

void Progress::sample(Clock::time_point now) {
  if (now - samples_.back().time < kRedraw) {
    return;
  }
  samples_.push_back({now, done_});
  while (samples_.size() > kFewestSamples && now - samples_.front().time > kWindow) {
    samples_.pop_front();
  }
}

std::string Progress::line(Clock::time_point now) const {
  std::string text = fmt::format("{} {}/{}", what_, done_, total_);
  if (total_ > 0) {
    text += fmt::format(
        " ({:.0f}%)", std::floor(100.0 * static_cast<double>(done_) / static_cast<double>(total_)));
  }
  const Sample& oldest = samples_.front();
  const double rate = static_cast<double>(done_ - oldest.done) / seconds_between(oldest.time, now);
  if (std::isfinite(rate) && rate > 0) {
    text += fmt::format(", {:.3g} {}/s, {} left",
                        rate,
                        what_,
                        duration_text(static_cast<double>(total_ - done_) / rate));
  }
  return note_.empty() ? text : text + ", " + note_;
}

std::string Progress::summary(Clock::time_point now) const {
  const std::string text = fmt::format(
      "{} {}/{} in {}", what_, done_, total_, duration_text(seconds_between(begin_, now)));
  return note_.empty() ? text : text + ", " + note_;
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds)) {
    return "unknown time";
  }
  if (seconds < 59.95) {  // 59.95 would print as 60.0
    return fmt::format("{:.1f} s", std::max(seconds, 0.0));
  }
  const double whole_seconds = std::round(seconds);
  if (whole_seconds < 3600) {
    return fmt::format(
        "{:.0f} min {:02.0f} s", std::floor(whole_seconds / 60), std::fmod(whole_seconds, 60));
  }
  const double minutes = std::round(seconds / 60);
  if (minutes < 24 * 60) {
    return fmt::format("{:.0f} h {:02.0f} min", std::floor(minutes / 60), std::fmod(minutes, 60));
  }
  const double hours = std::round(seconds / 3600);
  return fmt::format("{:.0f} d {:02.0f} h", std::floor(hours / 24), std::fmod(hours, 24));
}

}  // namespace thalweg
