#pragma once

#include <algorithm>
#include <cmath>

namespace thalweg::index {

/// A root between two points where a function has opposite signs, one evaluation at a time:
/// evaluate at next(), hand the value to update(), until done().
///
/// Inverse quadratic interpolation where it is safe, bisection otherwise; the root stays enclosed.
/// Source: T. R. Chandrupatla, Adv. Eng. Software 28(3):145-149 (1997).
class BracketedRoot {
 public:
  BracketedRoot(double a, double value_a, double b, double value_b)
      : x1_(b), f1_(value_b), x2_(a), f2_(value_a) {
    if (f1_ == 0 || f2_ == 0) {
      done_ = true;
    } else {
      choose(f1_ / (f1_ - f2_));
    }
  }

  bool done() const { return done_; }
  double next() const { return x1_ + t_ * (x2_ - x1_); }
  double root() const { return std::abs(f1_) < std::abs(f2_) ? x1_ : x2_; }

  void update(double value) {
    const double x = next();
    double x3 = x1_, f3 = f1_;
    if (std::signbit(value) != std::signbit(f1_)) {
      x3 = x2_;
      f3 = f2_;
      x2_ = x1_;
      f2_ = f1_;
    }
    x1_ = x;
    f1_ = value;
    const double xi = (x1_ - x2_) / (x3 - x2_), rise = (f1_ - f2_) / (f3 - f2_);
    const bool safe = rise * rise < xi && (1 - rise) * (1 - rise) < 1 - xi;
    choose(safe ? f1_ / (f2_ - f1_) * f3 / (f2_ - f3) +
                      (x3 - x1_) / (x2_ - x1_) * f1_ / (f3 - f1_) * f2_ / (f3 - f2_)
                : 0.5);
  }

 private:
  // t moves from x1 to x2; the root is known once the bracket is a few roundings wide.
  void choose(double t) {
    constexpr double kRounding = 4.5e-16;
    const double least = kRounding * std::abs(root()) / std::abs(x2_ - x1_);
    done_ = f1_ == 0 || !(least <= 0.5);
    t_ = std::isnan(t) ? 0.5 : std::clamp(t, std::min(least, 0.5), std::max(1 - least, 0.5));
  }

  double x1_, f1_, x2_, f2_, t_ = 0.5;
  bool done_ = false;
};

/// The same for a function that is called point by point.
template <typename Function>
double find_root(const Function& f, double a, double b) {
  BracketedRoot root(a, f(a), b, f(b));
  while (!root.done()) root.update(f(root.next()));
  return root.root();
}

}  // namespace thalweg::index
