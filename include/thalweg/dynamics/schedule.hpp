#pragma once

#include <string>
#include <string_view>

namespace thalweg::dynamics {

/// A learning rate over time, as a factor of its largest value. Time counts the gradients seen, so
/// the first step is taken at time 1.
class Schedule {
 public:
  Schedule() = default;  ///< constant

  /// "constant"; "linear-warmup:N", min(1, t/N); or "cosine:N", half a cosine from 1 at the first
  /// step down to 1e-4 after N steps, constant from there on.
  /// @throws InvalidArgument  another form, N < 1
  static Schedule parse(std::string_view text);

  double factor(double time) const;
  double slope(double time) const;  ///< its derivative by time
  std::string description() const;  ///< what parse reads

 private:
  enum class Kind { kConstant, kWarmup, kCosine };
  Kind kind_ = Kind::kConstant;
  double steps_ = 1;
};

}  // namespace thalweg::dynamics
