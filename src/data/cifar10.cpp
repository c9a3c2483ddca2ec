#include "data/cifar10.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/log.hpp"

namespace thalweg::data {
namespace {

constexpr int kBatches = 5;
constexpr std::int64_t kClasses = 10;
constexpr std::int64_t kBatchExamples = 10000;  // as published
constexpr std::int64_t kPixels = 3 * 32 * 32;
constexpr std::size_t kRecordBytes = 1 + kPixels;
constexpr std::size_t kMaxBatchBytes = std::size_t{1} << 30;

const std::vector<std::string> kClassNames = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

std::filesystem::path batch_folder(const std::filesystem::path& folder) {
  const auto inner = folder / "cifar-10-batches-bin";
  return std::filesystem::is_directory(inner) ? inner : folder;
}

std::vector<std::filesystem::path> batch_files(const std::filesystem::path& where, Split split) {
  if (split == Split::kTest) return {where / "test_batch.bin"};
  std::vector<std::filesystem::path> files;
  for (int batch = 1; batch <= kBatches; ++batch)
    files.push_back(where / fmt::format("data_batch_{}.bin", batch));
  return files;
}

std::string read_batch(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    throw BadInput(file.string(),
                   "is missing. `cifar10:DIR` wants the folder with data_batch_1.bin to "
                   "data_batch_5.bin (and test_batch.bin for a test set), from the binary version "
                   "of CIFAR-10.");
  std::string records = read_file(file, kMaxBatchBytes);
  if (records.empty() || records.size() % kRecordBytes != 0)
    throw BadInput(
        file.string(),
        fmt::format("has {} bytes, which is not a whole number of {}-byte records. It is "
                    "cut short or not the binary version; get it again.",
                    records.size(),
                    kRecordBytes));
  return records;
}

std::uint8_t checked_label(char byte, const std::filesystem::path& file, std::size_t record) {
  const auto label = static_cast<std::uint8_t>(byte);
  if (label >= kClasses)
    throw BadInput(file.string(),
                   fmt::format("label {} in record {} is not one of 0..{}. Is it "
                               "CIFAR-10, binary version?",
                               label,
                               record,
                               kClasses - 1));
  return label;
}

/// Copies the records of one batch to the arrays, from `row` on; returns the next free row.
std::int64_t unpack(const std::string& records,
                    const std::filesystem::path& file,
                    std::int64_t row,
                    Dataset& data) {
  auto labels = data.labels.as<std::int64_t>();
  auto* pixels = data.inputs.as<std::uint8_t>().data();
  for (std::size_t start = 0; start < records.size(); start += kRecordBytes, ++row) {
    labels[static_cast<std::size_t>(row)] =
        checked_label(records[start], file, start / kRecordBytes);
    std::copy_n(records.data() + start + 1, kPixels, pixels + row * kPixels);
  }
  return row;
}

}  // namespace

Dataset read_cifar10(const std::filesystem::path& folder, Split split) {
  const auto where = batch_folder(folder);
  const std::vector<std::filesystem::path> files = batch_files(where, split);
  std::vector<std::string> batches;
  std::int64_t examples = 0;
  for (const auto& file : files) {
    batches.push_back(read_batch(file));
    examples += static_cast<std::int64_t>(batches.back().size() / kRecordBytes);
  }
  const auto published = kBatchExamples * static_cast<std::int64_t>(files.size());
  if (examples != published)
    log_warning(fmt::format(
        "{} holds {} images; CIFAR-10 as published has {}.", where.string(), examples, published));

  Dataset data{.name = split == Split::kTrain ? "cifar10" : "cifar10, test set",
               .inputs = NdArray(DType::kUInt8, {examples, 3, 32, 32}),
               .labels = NdArray(DType::kInt64, {examples}),
               .targets = {},
               .classes = kClasses,
               .class_names = kClassNames,
               .rows = {}};
  std::int64_t row = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) row = unpack(batches[i], files[i], row, data);
  return data;
}

}  // namespace thalweg::data
