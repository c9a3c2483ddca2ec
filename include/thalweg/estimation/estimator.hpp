#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/link_function.hpp"
#include "thalweg/estimation/sample_source.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::estimation {

/// What an estimator is told about a problem beside its rows.
struct Target {
  int directions = 1;  ///< r, how many to return
  int order = 1;       ///< k, the Hermite order at which they show: the (generative) exponent
  std::shared_ptr<const LinkFunction> link =
      {};  ///< where it is known; methods that do not need it pass it over

  /// Replaces y before a method sees it, where not empty: bounded and centred for heavy-tailed
  /// responses.
  std::function<double(double)> label_transform = {};
};

struct Estimate {
  Matrix directions;  ///< (d, s) orthonormal, s <= Target::directions; s = 0 if nothing was found
  std::string note = {};  ///< one sentence where something is worth saying
};

/// How an estimator runs. The result does not depend on `threads`, up to rounding.
struct Effort {
  Key key = {};
  int threads = 1;
  std::function<bool()> interrupted =
      {};  ///< asked now and then; true ends the work, estimates so far are returned
};

/// A method that finds directions of x that drive y.
class Estimator {
 public:
  virtual ~Estimator() = default;

  virtual std::string name() const = 0;  ///< as --methods takes it

  /// Estimates from the first samples[0], samples[1], ... rows, ascending: one estimate for each. A
  /// method that streams passes over the rows once and is read off on the way; others begin again
  /// at every size.
  /// @throws InvalidArgument  sizes not ascending or beyond the rows; a target that the method
  /// cannot have
  virtual std::vector<Estimate> estimate(const SampleSource& source,
                                         const Target& target,
                                         std::span<const std::int64_t> samples,
                                         const Effort& effort) const = 0;
};

}  // namespace thalweg::estimation
