#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "thalweg/base/random.hpp"

namespace thalweg::estimation {

/// One method in a race: squared overlaps after each of `samples` (ascending) rows in `dimension`
/// dimensions, on the problem that `key` plants.
using Racer = std::function<std::vector<double>(
    int dimension, std::span<const std::int64_t> samples, Key key)>;

struct RaceOptions {
  std::vector<int> dimensions;
  std::vector<std::vector<std::int64_t>> samples;  ///< for every dimension, ascending
  int seeds = 10;
  int threads = 1;
  Key key = {};
};

/// A race is a list of jobs (method, dimension, seed), done in a fixed order in groups of `threads`
/// and resumable between them: its state is the table of overlaps, NaN where not yet run.
class Race {
 public:
  Race(std::map<std::string, Racer> racers, RaceOptions options);

  bool finished() const;
  std::int64_t jobs() const;
  std::int64_t jobs_done() const;
  void step();  ///< the next group of jobs

  /// Squared overlaps (samples, seeds) of a method in dimension number `d`.
  std::vector<std::vector<double>> overlaps(const std::string& method, std::size_t d) const;

  /// Everything done so far as one table, for checkpoints. (rows: methods in order of name,
  /// dimensions, samples; columns: seeds)
  std::vector<double> state() const;
  void set_state(std::vector<double> state);

 private:
  std::map<std::string, Racer> racers_;
  RaceOptions options_;
  std::vector<double> table_;
  std::int64_t next_ = 0;
};

}  // namespace thalweg::estimation
