#include "data/sorting.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "data/limits.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::data {
namespace {

constexpr std::string_view kName = "sorting";
constexpr std::int64_t kMaxLength = 1 << 16;
constexpr std::int64_t kMaxTokens = std::int64_t{1} << 31;  // inputs of all examples together

struct Task {
  std::int64_t vocabulary = 4;
  std::int64_t length = 8;
  std::int64_t positions() const { return 2 * length - 1; }
};

Task task_of(const std::string& source) {
  if (source == kName) return {};
  const auto parts = split(source.substr(kName.size() + 1), ',');
  if (parts.size() != 2)
    throw InvalidArgument(
        "--data",
        fmt::format("expected sorting or sorting:VOCABULARY,LENGTH, as sorting:4,8; got '{}'.",
                    source));
  const Task task{.vocabulary = parse_int(parts[0], "the vocabulary of --data sorting"),
                  .length = parse_int(parts[1], "the length of --data sorting")};
  if (task.vocabulary < 2 || task.vocabulary > kMaxClasses || task.length < 1 ||
      task.length > kMaxLength)
    throw InvalidArgument("--data",
                          fmt::format("sorting needs a vocabulary of 2 to {} and a length of 1 to "
                                      "{}; got {} and {}.",
                                      kMaxClasses,
                                      kMaxLength,
                                      task.vocabulary,
                                      task.length));
  return task;
}

void check_examples(std::int64_t examples, const Task& task) {
  if (examples < 1)
    throw InvalidArgument("--examples",
                          "sequences to sort are drawn, as many as you say; say at least 1.");
  if (examples > kMaxTokens / task.positions())
    throw InvalidArgument("--examples",
                          fmt::format("{} sequences of {} tokens are too many; at most {} tokens "
                                      "in all.",
                                      examples,
                                      task.positions(),
                                      kMaxTokens));
}

/// `length` random tokens and the same sorted.
std::vector<std::int64_t> sequence(std::int64_t row, const Task& task, Key key) {
  const auto length = static_cast<std::size_t>(task.length);
  std::vector<double> draws(length);
  fill_uniform(std::span<double>(draws), key, static_cast<std::uint64_t>(row) * length);
  std::vector<std::int64_t> tokens(2 * length);
  const auto middle = tokens.begin() + task.length;
  std::transform(draws.begin(), draws.end(), tokens.begin(), [&](double draw) {
    return static_cast<std::int64_t>(draw * static_cast<double>(task.vocabulary));
  });
  std::copy(tokens.begin(), middle, middle);
  std::sort(middle, tokens.end());
  return tokens;
}

}  // namespace

bool names_sorting(const std::string& source) {
  return source == kName || source.starts_with(std::string(kName) + ":");
}

Dataset draw_sorting(const std::string& source, std::int64_t examples, Key key, Split split) {
  const Task task = task_of(source);
  check_examples(examples, task);
  const Key stream = key.with(kName).with(split == Split::kTrain ? "train" : "test");
  Dataset data{.name = split == Split::kTrain ? source : source + ", test set",
               .inputs = NdArray(DType::kInt64, {examples, task.positions()}),
               .labels = NdArray(DType::kInt64, {examples, task.positions()}),
               .classes = task.vocabulary,
               .vocabulary = task.vocabulary};
  auto input = data.inputs.as<std::int64_t>().begin();
  auto label = data.labels.as<std::int64_t>().begin();
  for (std::int64_t row = 0; row < examples; ++row) {
    const auto tokens = sequence(row, task, stream);
    input = std::copy(tokens.begin(), tokens.end() - 1, input);
    label = std::fill_n(label, task.length - 1, -1);  // the random half cannot be predicted
    label = std::copy(tokens.begin() + task.length, tokens.end(), label);
  }
  return data;
}

}  // namespace thalweg::data
