#pragma once

#include <filesystem>

#include "data/split.hpp"
#include "thalweg/data/dataset.hpp"

namespace thalweg::data {

/// The training or test batches of CIFAR-10 in their binary version, 50000 and 10000 images in the
/// published files: `inputs` are uint8 pixels (n, 3, 32, 32), `labels` in 0..9.
///
/// @param folder  holds data_batch_1.bin ... data_batch_5.bin, for the test set test_batch.bin,
///                itself or in cifar-10-batches-bin/
/// @throws BadInput  a missing batch, a size that is not a multiple of 3073 bytes (label, then the
///                   red, green and blue planes), a label above 9
/// Source: [Krizhevsky2009], Learning Multiple Layers of Features from Tiny Images.
Dataset read_cifar10(const std::filesystem::path& folder, Split split = Split::kTrain);

}  // namespace thalweg::data
