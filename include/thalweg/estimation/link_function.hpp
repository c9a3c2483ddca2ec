#pragma once

#include <span>
#include <string>
#include <vector>

namespace thalweg::estimation {

/// y = f(z_1, ..., z_r): how the response depends on the hidden coordinates.
class LinkFunction {
 public:
  virtual ~LinkFunction() = default;

  virtual int variables() const = 0;     ///< r
  virtual std::string text() const = 0;  ///< as the user would type it

  /// @param z  (n, r), row-major   @param y  (n), written. Thread-safe.
  virtual void evaluate(std::span<const double> z, std::span<double> y) const = 0;

  /// Points where a link in one variable jumps or has a kink, as far as they are known beforehand.
  virtual std::vector<double> breakpoints() const { return {}; }
};

}  // namespace thalweg::estimation
