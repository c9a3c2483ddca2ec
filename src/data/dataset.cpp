#include "thalweg/data/dataset.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "data/arrays.hpp"
#include "data/cifar10.hpp"
#include "data/fashion_mnist.hpp"
#include "data/sorting.hpp"
#include "data/standardize.hpp"
#include "data/subset.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::data {
namespace {

constexpr std::string_view kCifar10Prefix = "cifar10:";

void check_options(const DatasetOptions& options) {
  if (options.examples < 0)
    throw InvalidArgument("--examples",
                          fmt::format("must be 0 (all) or more; got {}.", options.examples));
  if (options.classes < 0 || options.classes == 1)
    throw InvalidArgument("--classes",
                          fmt::format("must be 0 (all) or at least 2; got {}.", options.classes));
}

[[noreturn]] void fail_unknown_source(const std::string& source) {
  const std::vector<std::string> known = {"fashion-mnist", "cifar10:DIR", "sorting"};
  throw InvalidArgument(
      "--data",
      fmt::format("'{}' is neither fashion-mnist, nor cifar10:DIR, nor sorting, nor "
                  "a file that exists (.npz with arrays x and y).{}",
                  source,
                  did_you_mean(source, known)));
}

/// Every example of the source as stored: uint8 pixels, int64 integers or floating.
Dataset read_source(const DatasetOptions& options, Split split) {
  const std::string& source = options.source;
  if (source == "fashion-mnist") return read_fashion_mnist(fashion_mnist_folder(), split);
  if (source.starts_with(kCifar10Prefix))
    return read_cifar10(source.substr(kCifar10Prefix.size()), split);
  if (names_sorting(source)) return draw_sorting(source, options.examples, options.key, split);
  if (source.ends_with(".npz") || std::filesystem::is_regular_file(source))
    return read_arrays(source, split);
  fail_unknown_source(source);
}

/// uint8 pixels as float32 in [0, 1].
NdArray scaled_pixels(const NdArray& pixels) {
  NdArray scaled(DType::kFloat32, pixels.shape());
  const auto bytes = pixels.as<std::uint8_t>();
  std::transform(bytes.begin(), bytes.end(), scaled.as<float>().begin(), [](std::uint8_t byte) {
    return static_cast<float>(byte) / 255.0F;
  });
  return scaled;
}

/// A table of integers that is not standardised: tokens, unless a number is negative.
void read_as_tokens(Dataset& data) {
  const auto values = std::as_const(data.inputs).as<std::int64_t>();
  const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
  if (*smallest < 0)
    data.inputs = data.inputs.to(DType::kFloat32);
  else
    data.vocabulary = std::min(*largest, std::numeric_limits<std::int64_t>::max() - 1) + 1;
}

/// Inputs as networks take them, before standardising.
void convert_inputs(Dataset& data, bool standardize) {
  if (data.inputs.dtype() == DType::kUInt8) data.inputs = scaled_pixels(data.inputs);
  if (data.inputs.dtype() != DType::kInt64 || data.has_sequences()) return;
  if (standardize)
    data.inputs = data.inputs.to(DType::kFloat32);
  else
    read_as_tokens(data);
}

std::string kind_of(const Dataset& data) {
  if (data.has_sequences()) return "sequences";
  return data.has_labels() ? "class labels" : "real targets";
}

/// The test set must be of the training set's kind, shape, classes and tokens.
void check_fits(const Dataset& test, const Dataset& train, const DatasetOptions& options) {
  if (kind_of(test) != kind_of(train))
    throw BadInput(test.name,
                   fmt::format("has {}, the training set has {}. Both must be of one kind.",
                               kind_of(test),
                               kind_of(train)));
  if (test.example_shape() != train.example_shape())
    throw BadInput(test.name,
                   fmt::format("has inputs of shape {}, the training set of shape {}.",
                               shape_text(test.example_shape()),
                               shape_text(train.example_shape())));
  if (!test.has_labels() && test.outputs() != train.outputs())
    throw BadInput(test.name,
                   fmt::format("has {} targets an example, the training set has {}.",
                               test.outputs(),
                               train.outputs()));
  if (options.classes == 0 && test.classes > train.classes)
    throw BadInput(test.name,
                   fmt::format("has the label {}; those of the training set are below {}.",
                               test.classes - 1,
                               train.classes));
  if (test.has_sequences() && test.vocabulary > train.vocabulary)
    throw BadInput(test.name,
                   fmt::format("has the token {}; those of the training set are below {}. Let x "
                               "hold the largest token once.",
                               test.vocabulary - 1,
                               train.vocabulary));
}

/// Inputs in the dtype of the training set's.
void match_dtype(Dataset& test, const Dataset& train) {
  if (test.inputs.dtype() == train.inputs.dtype()) return;
  if (train.inputs.dtype() == DType::kInt64)
    throw BadInput(test.name,
                   "has real numbers as inputs, the training set has tokens. Save both as integers "
                   "that are not negative, or both as floats.");
  test.inputs = test.inputs.to(train.inputs.dtype());
  test.vocabulary = 0;
}

}  // namespace

std::vector<std::int64_t> Dataset::example_shape() const {
  return {inputs.shape().begin() + 1, inputs.shape().end()};
}

Dataset load_dataset(const DatasetOptions& options) {
  check_options(options);
  const Dataset all = read_source(options, Split::kTrain);
  Dataset data = take_rows(all, selected_rows(all, options), options.classes);
  convert_inputs(data, options.standardize);
  if (options.standardize && !data.has_sequences())
    data.standardized = standardize(data.inputs, data.name);
  return data;
}

Dataset load_test_dataset(const DatasetOptions& options, const Dataset& train) {
  check_options(options);
  Dataset all = read_source(options, Split::kTest);
  check_fits(all, train, options);
  if (all.has_labels()) all.classes = std::max(all.classes, train.classes);
  DatasetOptions chosen = options;
  chosen.key = options.key.with("test");
  Dataset test = take_rows(all, selected_rows(all, chosen), train.classes);
  convert_inputs(test, !train.standardized.empty());
  match_dtype(test, train);
  test.vocabulary = std::max(test.vocabulary, train.vocabulary);
  test.standardized = train.standardized;
  if (!test.standardized.empty()) standardize_by(test.inputs, test.standardized);
  return test;
}

}  // namespace thalweg::data
