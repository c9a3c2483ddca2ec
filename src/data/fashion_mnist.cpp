#include "data/fashion_mnist.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "data/idx.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::data {
namespace {

constexpr std::int64_t kSide = 28;
constexpr std::int64_t kClasses = 10;
constexpr const char* kFolderOfPackage = "/usr/share/datasets/fashion-mnist";

const std::vector<std::string> kClassNames = {"T-shirt/top",
                                              "Trouser",
                                              "Pullover",
                                              "Dress",
                                              "Coat",
                                              "Sandal",
                                              "Shirt",
                                              "Sneaker",
                                              "Bag",
                                              "Ankle boot"};

void require_exists(const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) return;
  throw BadInput("fashion-mnist",
                 fmt::format("{} is missing. Install it with `apt-get install "
                             "dataset-fashion-mnist`, name its folder in THALWEG_FASHION_MNIST, or "
                             "train on other data: --data cifar10:DIR or --data FILE.npz.",
                             file.string()));
}

NdArray read_images(const std::filesystem::path& file) {
  const NdArray images = read_idx(file);
  const auto& shape = images.shape();
  if (images.rank() != 3 || shape[1] != kSide || shape[2] != kSide)
    throw BadInput(file.string(),
                   fmt::format("images must be (n, {0}, {0}); got {1}.", kSide, shape_text(shape)));
  return NdArray::of(images.as<std::uint8_t>(), {shape[0], 1, kSide, kSide});
}

NdArray read_labels(const std::filesystem::path& file) {
  const NdArray labels = read_idx(file);
  if (labels.rank() != 1)
    throw BadInput(file.string(), "labels must be (n); got " + shape_text(labels.shape()) + ".");
  const auto values = labels.as<std::uint8_t>();
  for (std::size_t row = 0; row < values.size(); ++row)
    if (values[row] >= kClasses)
      throw BadInput(
          file.string(),
          fmt::format("label {} in row {} is not one of 0..{}.", values[row], row, kClasses - 1));
  return labels.to(DType::kInt64);
}

}  // namespace

std::filesystem::path fashion_mnist_folder() {
  const char* chosen = std::getenv("THALWEG_FASHION_MNIST");
  return chosen != nullptr && *chosen != '\0' ? chosen : kFolderOfPackage;
}

Dataset read_fashion_mnist(const std::filesystem::path& folder, Split split) {
  const bool train = split == Split::kTrain;
  const std::string prefix = train ? "train" : "t10k";
  const auto image_file = folder / (prefix + "-images-idx3-ubyte.gz");
  const auto label_file = folder / (prefix + "-labels-idx1-ubyte.gz");
  require_exists(image_file);
  require_exists(label_file);
  Dataset data{.name = train ? "fashion-mnist" : "fashion-mnist, test set",
               .inputs = read_images(image_file),
               .labels = read_labels(label_file),
               .targets = {},
               .classes = kClasses,
               .class_names = kClassNames,
               .rows = {}};
  if (data.labels.size() != data.size())
    throw BadInput(
        label_file.string(),
        fmt::format(
            "holds {} labels for {} images. Get both again.", data.labels.size(), data.size()));
  return data;
}

}  // namespace thalweg::data
