#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "thalweg/base/random.hpp"

namespace thalweg::estimation {

/// Squared overlaps after each of `samples` (ascending) rows in `dimension` dimensions, on the
/// problem that `key` plants. Fewer of them say that it was interrupted.
using Attempt = std::function<std::vector<double>(
    int dimension, std::span<const std::int64_t> samples, Key key)>;

/// One method in a race.
struct Racer {
  /// The same for several problems of one dimension: one list of overlaps for each key.
  std::function<std::vector<std::vector<double>>(
      int dimension, std::span<const std::int64_t> samples, std::span<const Key> keys)>
      attempt;
  int problems_at_once = 1;  ///< most keys that it is given

  static Racer one_by_one(Attempt attempt);
};

struct RaceOptions {
  std::vector<int> dimensions;
  std::vector<std::vector<std::int64_t>> samples;  ///< for every dimension, ascending

  /// The most rows worth a method's time, for every dimension: larger sizes are left out, the first
  /// is always run. Methods not named run at all sizes.
  std::map<std::string, std::vector<std::int64_t>> most_samples = {};

  int seeds = 10;
  int threads = 1;
  Key key = {};
};

/// A race is a list of jobs (method, dimension, seeds), done in rounds of `threads` seeds each and
/// resumable between groups of as many: its state is the table of overlaps, NaN where not run.
///
/// All methods meet the same problems: that of seed s in dimension d has the key
/// key.with(d).with(s). The table does not depend on the number of threads.
class Race {
 public:
  /// @throws InvalidArgument  no method, dimension or seed; sizes not ascending
  Race(std::map<std::string, Racer> racers, RaceOptions options);
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  bool finished() const { return jobs_done() == jobs(); }
  std::int64_t jobs() const;
  std::int64_t jobs_done() const { return next_; }

  /// The next group of jobs. One that was interrupted is left to do.
  /// @throws NonFinite  an overlap that is not a number, with its method and dimension
  void step();

  /// Squared overlaps (samples, seeds run so far) of a method in dimension number `d`; NaN at sizes
  /// that it is spared.
  std::vector<std::vector<double>> overlaps(const std::string& method, std::size_t d) const;

  const RaceOptions& options() const { return options_; }

  /// Everything done so far as one table, for checkpoints. (methods in order of name, dimensions,
  /// seeds, samples: the last varies fastest)
  const std::vector<double>& state() const { return table_; }
  /// @throws InvalidArgument  a table of another size
  void set_state(std::vector<double> state);

 private:
  struct Job {
    const std::string* method;
    const Racer* racer;
    std::size_t dimension;  // its number
    int first_seed, seeds;
    std::span<const std::int64_t> samples;  // those to run
    std::size_t place, stride;              // in the table: of the first seed, from seed to seed
  };

  void run(const Job& job);
  void check_finite(std::span<const double> overlaps, const Job& job) const;
  bool done(const Job& job) const;
  void pass_over_done_jobs();

  std::map<std::string, Racer> racers_;
  RaceOptions options_;
  std::vector<Job> jobs_;
  std::vector<double> table_;
  std::int64_t next_ = 0;
};

}  // namespace thalweg::estimation
