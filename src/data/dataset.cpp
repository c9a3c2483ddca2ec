#include "thalweg/data/dataset.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "data/arrays.hpp"
#include "data/cifar10.hpp"
#include "data/fashion_mnist.hpp"
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
  const std::vector<std::string> known = {"fashion-mnist", "cifar10:DIR"};
  throw InvalidArgument("--data",
                        fmt::format("'{}' is neither fashion-mnist, nor cifar10:DIR, nor a file "
                                    "that exists (.npz with arrays x and y).{}",
                                    source,
                                    did_you_mean(source, known)));
}

/// Every example of the source as stored: uint8 pixels, int64 integers or floating.
Dataset read_source(const std::string& source) {
  if (source == "fashion-mnist") return read_fashion_mnist(fashion_mnist_folder());
  if (source.starts_with(kCifar10Prefix)) return read_cifar10(source.substr(kCifar10Prefix.size()));
  if (source.ends_with(".npz") || std::filesystem::is_regular_file(source))
    return read_arrays(source);
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

}  // namespace

std::vector<std::int64_t> Dataset::example_shape() const {
  return {inputs.shape().begin() + 1, inputs.shape().end()};
}

Dataset load_dataset(const DatasetOptions& options) {
  check_options(options);
  const Dataset all = read_source(options.source);
  Dataset data = take_rows(all, selected_rows(all, options), options.classes);
  if (data.inputs.dtype() == DType::kUInt8) data.inputs = scaled_pixels(data.inputs);
  if (!options.standardize) return data;
  if (data.inputs.dtype() == DType::kInt64) data.inputs = data.inputs.to(DType::kFloat32);
  standardize(data.inputs, data.name);
  return data;
}

}  // namespace thalweg::data
