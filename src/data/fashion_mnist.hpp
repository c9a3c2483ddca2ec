#pragma once

#include <filesystem>

#include "data/split.hpp"
#include "thalweg/data/dataset.hpp"

namespace thalweg::data {

/// Where Fashion-MNIST lies: $THALWEG_FASHION_MNIST, or the folder of Debian's package.
std::filesystem::path fashion_mnist_folder();

/// A split, 60000 training or 10000 test images in the published files: `inputs` are uint8 pixels
/// (n, 1, 28, 28), `labels` in 0..9.
///
/// @param folder  holds train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz, for the test set
///                t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz
/// @throws BadInput  missing files (says which package to install), damaged ones, or two that do
///                   not belong together
/// Source: [Xiao2017], arXiv:1708.07747.
Dataset read_fashion_mnist(const std::filesystem::path& folder, Split split = Split::kTrain);

}  // namespace thalweg::data
