#include "data/subset.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "thalweg/base/error.hpp"

namespace thalweg::data {
namespace {

using Rows = std::vector<std::int64_t>;

std::int64_t count(const Rows& rows) { return static_cast<std::int64_t>(rows.size()); }

/// `wanted` of `rows`, drawn without replacement, in their old order.
Rows draw(const Rows& rows, std::int64_t wanted, Key key) {
  Rows positions = random_permutation(count(rows), key);
  positions.resize(static_cast<std::size_t>(wanted));
  std::sort(positions.begin(), positions.end());
  for (auto& position : positions) position = rows[static_cast<std::size_t>(position)];
  return positions;
}

Rows first(Rows rows, std::int64_t wanted) {
  rows.resize(static_cast<std::size_t>(wanted));
  return rows;
}

bool takes_all(const DatasetOptions& options, std::int64_t available) {
  return options.examples == 0 || (options.all_if_fewer && available < options.examples);
}

void check_total(const Dataset& all, std::int64_t available, std::int64_t wanted) {
  if (wanted > available)
    throw BadInput(all.name,
                   fmt::format("{} examples are wanted and {} are there. Ask for fewer, "
                               "or for all with --examples 0.",
                               wanted,
                               available));
}

/// Rows of each of the classes below `kept`, in the order of the source.
std::vector<Rows> rows_by_class(std::span<const std::int64_t> labels, std::int64_t kept) {
  std::vector<Rows> rows(static_cast<std::size_t>(kept));
  for (std::size_t row = 0; row < labels.size(); ++row)
    if (labels[row] < kept)
      rows[static_cast<std::size_t>(labels[row])].push_back(static_cast<std::int64_t>(row));
  return rows;
}

Rows concatenated(const std::vector<Rows>& parts) {
  Rows all;
  for (const Rows& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Rows sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// Examples of each class when `wanted` are shared by the classes that have any; what does not
/// divide goes to the earlier ones.
Rows shares_of(const std::vector<Rows>& by_class, std::int64_t wanted) {
  const auto present = std::count_if(
      by_class.begin(), by_class.end(), [](const Rows& rows) { return !rows.empty(); });
  Rows shares;
  std::int64_t seen = 0;
  for (const Rows& rows : by_class) {
    const bool empty = rows.empty();
    shares.push_back(empty ? 0 : wanted / present + (seen < wanted % present ? 1 : 0));
    if (!empty) ++seen;
  }
  return shares;
}

void check_shares(const Dataset& all, const std::vector<Rows>& by_class, const Rows& shares) {
  for (std::size_t label = 0; label < shares.size(); ++label)
    if (shares[label] > count(by_class[label]))
      throw BadInput(all.name,
                     fmt::format("class {} has {} examples and an equal share of the "
                                 "wanted ones is {}. Ask for fewer with --examples, or "
                                 "take --subset random, which needs no balance.",
                                 label,
                                 by_class[label].size(),
                                 shares[label]));
}

std::int64_t kept_classes(const Dataset& all, const DatasetOptions& options) {
  if (options.classes > all.classes)
    throw InvalidArgument(
        all.name,
        fmt::format("--classes {} is more than the {} there are.", options.classes, all.classes));
  return options.classes == 0 ? all.classes : options.classes;
}

Rows labelled_rows(const Dataset& all, const DatasetOptions& options) {
  auto by_class = rows_by_class(all.labels.as<std::int64_t>(), kept_classes(all, options));
  const Rows available = sorted(concatenated(by_class));
  if (available.empty())
    throw BadInput(all.name,
                   fmt::format("none of the classes below {} has an example. Raise "
                               "--classes, or renumber the labels.",
                               options.classes));
  if (takes_all(options, count(available))) return available;
  check_total(all, count(available), options.examples);
  const Key key = options.key.with("subset");
  if (options.subset == Subset::kRandom) return draw(available, options.examples, key);

  const Rows shares = shares_of(by_class, options.examples);
  check_shares(all, by_class, shares);
  const bool balanced = options.subset == Subset::kBalanced;
  for (std::size_t label = 0; label < shares.size(); ++label)
    by_class[label] = balanced ? draw(by_class[label], shares[label], key.with(label))
                               : first(std::move(by_class[label]), shares[label]);
  return balanced ? sorted(concatenated(by_class)) : concatenated(by_class);
}

/// Rows of data that has no class for each example.
Rows unclassified_rows(const Dataset& all, const DatasetOptions& options) {
  const char* reason =
      all.has_sequences() ? "has a label at each position" : "has real numbers as targets";
  if (options.classes != 0)
    throw InvalidArgument(
        all.name,
        fmt::format("--classes is for one class label an example; this data {}.", reason));
  if (options.subset == Subset::kBalanced)
    throw InvalidArgument(all.name,
                          fmt::format("--subset balanced is for one class label an example; this "
                                      "data {}. Take first or random.",
                                      reason));
  Rows available(static_cast<std::size_t>(all.size()));
  std::iota(available.begin(), available.end(), 0);
  if (takes_all(options, all.size())) return available;
  check_total(all, all.size(), options.examples);
  if (options.subset == Subset::kRandom)
    return draw(available, options.examples, options.key.with("subset"));
  return first(std::move(available), options.examples);
}

}  // namespace

std::vector<std::int64_t> selected_rows(const Dataset& all, const DatasetOptions& options) {
  const bool classified = all.has_labels() && !all.has_sequences();
  return classified ? labelled_rows(all, options) : unclassified_rows(all, options);
}

Dataset take_rows(const Dataset& all, std::vector<std::int64_t> rows, std::int64_t classes) {
  Dataset kept;
  kept.name = all.name;
  kept.inputs = all.inputs.take(rows);
  if (all.has_labels()) {
    kept.labels = all.labels.take(rows);
    kept.classes = classes == 0 ? all.classes : classes;
    kept.vocabulary = all.vocabulary;
    kept.class_names = all.class_names;
    if (!kept.class_names.empty()) kept.class_names.resize(static_cast<std::size_t>(kept.classes));
  } else {
    kept.targets = all.targets.take(rows);
  }
  kept.rows = std::move(rows);
  return kept;
}

}  // namespace thalweg::data
