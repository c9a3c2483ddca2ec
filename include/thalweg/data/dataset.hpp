#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/base/ndarray.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::data {

/// A training set in memory. Exactly one of `labels` and `targets` is filled.
struct Dataset {
  std::string name = {};     ///< "fashion-mnist", or the file
  NdArray inputs = {};       ///< (n, ...), float32 or float64 (int64 for token data)
  NdArray labels = {};       ///< (n), int64 in [0, classes)
  NdArray targets = {};      ///< (n, c), float64
  std::int64_t classes = 0;  ///< number of classes, 0 for real targets
  std::vector<std::string> class_names = {};  ///< where known
  std::vector<std::int64_t> rows = {};        ///< row of each example in the source

  std::int64_t size() const { return inputs.shape()[0]; }
  bool has_labels() const { return classes > 0; }
  /// Outputs a network for it needs: classes (one for two classes trained on +-1 is the loss's
  /// affair), or c.
  std::int64_t outputs() const { return has_labels() ? classes : targets.shape()[1]; }
  std::vector<std::int64_t> example_shape() const;  ///< shape of one input, without the batch axis
};

enum class Subset { kFirst, kBalanced, kRandom };

struct DatasetOptions {
  /// "fashion-mnist", "cifar10:DIR", or a path to an .npz file with arrays x and y
  std::string source = "fashion-mnist";
  /// examples kept; 0 = all
  std::int64_t examples = 1000;
  /// classes kept: the labels below this number; 0 = all. For real targets it must be 0.
  std::int64_t classes = 0;
  /// kFirst: the first examples/classes examples of each kept class, as the authors do (earlier
  /// classes take the rest of an uneven division), class by class; kBalanced: as many of each
  /// class, drawn at random; kRandom: drawn at random. For real targets: the first rows, or random
  /// ones (balanced is refused).
  Subset subset = Subset::kFirst;
  /// subtract the mean and divide by the standard deviation of each channel, taken over the kept
  /// examples
  bool standardize = true;
  Key key = {};
};

/// Loads, checks, selects and standardises.
///
/// Fashion-MNIST comes from Debian's package `dataset-fashion-mnist`
/// (/usr/share/datasets/fashion-mnist, gzip'd IDX files; the environment variable
/// THALWEG_FASHION_MNIST names another folder). Images are (1, 28, 28), CIFAR-10 (3, 32, 32), both
/// scaled to [0, 1] before standardisation. A channel is axis 1 of inputs of rank >= 3 (n, c, ...);
/// for rank 2 each column is a channel. A channel of zero variance is only centred.
///
/// @throws BadInput  missing or truncated files (with the package to install), NaN, labels out of
/// range, too few examples
Dataset load_dataset(const DatasetOptions& options);

}  // namespace thalweg::data
