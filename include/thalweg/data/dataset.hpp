#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/base/ndarray.hpp"
#include "thalweg/base/random.hpp"

namespace thalweg::data {

/// What standardising did to the inputs: x <- (x - mean) / deviation, one number a channel. A
/// deviation of zero stands for a constant channel, which was only centred.
struct ChannelStatistics {
  std::vector<double> mean, deviation;
  bool empty() const { return mean.empty(); }
};

/// A training or test set in memory. Exactly one of `labels` and `targets` is filled.
///
/// Labels (n) classify examples; labels (n, T) classify the positions of token sequences, where -1
/// marks a position that does not count.
struct Dataset {
  std::string name = {};     ///< "fashion-mnist", or the file
  NdArray inputs = {};       ///< (n, ...), float32 or float64; int64 (n, T) for tokens
  NdArray labels = {};       ///< (n) in [0, classes), or (n, T) in [-1, classes); int64
  NdArray targets = {};      ///< (n, c), float64
  std::int64_t classes = 0;  ///< number of classes, 0 for real targets
  /// tokens are 0 ... vocabulary - 1; 0: the inputs are real numbers. For sequences the labels are
  /// counted as tokens too: the largest token or label + 1.
  std::int64_t vocabulary = 0;
  std::vector<std::string> class_names = {};  ///< where known
  std::vector<std::int64_t> rows = {};        ///< row of each example in the source
  ChannelStatistics standardized = {};        ///< empty: the inputs were not standardised

  std::int64_t size() const { return inputs.shape()[0]; }
  bool has_labels() const { return classes > 0; }
  /// Token sequences with a label at each position.
  bool has_sequences() const { return has_labels() && labels.rank() == 2; }
  /// Outputs a network for it needs, for each example or position: classes (one for two classes
  /// trained on +-1 is the loss's affair), or c.
  std::int64_t outputs() const { return has_labels() ? classes : targets.shape()[1]; }
  std::vector<std::int64_t> example_shape() const;  ///< shape of one input, without the batch axis
};

enum class Subset { kFirst, kBalanced, kRandom };

struct DatasetOptions {
  /// "fashion-mnist", "cifar10:DIR", "sorting" or "sorting:VOCABULARY,LENGTH", or a path to an .npz
  /// file with arrays x and y
  std::string source = "fashion-mnist";
  /// examples kept; 0 = all. Sequences to sort are drawn: there it must not be 0.
  std::int64_t examples = 1000;
  /// Where there are fewer than `examples`, all of them are kept; else that is an error.
  bool all_if_fewer = false;
  /// classes kept: the labels below this number; 0 = all. For real targets and for sequences it
  /// must be 0.
  std::int64_t classes = 0;
  /// kFirst: the first examples/classes examples of each kept class, as the authors do (earlier
  /// classes take the rest of an uneven division), class by class; kBalanced: as many of each
  /// class, drawn at random; kRandom: drawn at random. For real targets and for sequences: the
  /// first rows, or random ones (balanced is refused).
  Subset subset = Subset::kFirst;
  /// subtract the mean and divide by the standard deviation of each channel, taken over the kept
  /// examples. Token sequences are never standardised, whatever this says: their numbers are names.
  /// What makes integers tokens is the labels, one for each position; a table of integers with one
  /// label an example is standardised like any other, and int64 tokens only without.
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
/// "sorting" draws examples: LENGTH random tokens of VOCABULARY (4 and 8) followed by the same
/// tokens sorted. Inputs are all but the last of these 2 LENGTH tokens, labels all but the first;
/// the first LENGTH - 1 labels, which cannot be known, are -1. Sequence i depends on the key and i
/// alone.
///
/// @throws BadInput  missing or truncated files (with the package to install), NaN, labels out of
/// range, too few examples
Dataset load_dataset(const DatasetOptions& options);

/// The test set that goes with a training set: Fashion-MNIST's and CIFAR-10's own files, further
/// sequences to sort from another stream, the arrays x_test and y_test of an .npz file. The
/// examples are chosen by the same rule as the training examples (random ones by another stream),
/// and the inputs standardised by what the training set was.
///
/// @param options  as of `train`, with `examples` the test examples wanted; 0 = all
/// @throws BadInput  no test set there is, one that does not fit the training set (shape, kind of
/// y,
///                   classes or tokens it does not have), and as load_dataset
Dataset load_test_dataset(const DatasetOptions& options, const Dataset& train);

}  // namespace thalweg::data
