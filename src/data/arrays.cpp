#include "data/arrays.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "data/limits.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"
#include "thalweg/base/npz.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::data {
namespace {

bool is_real(DType dtype) { return dtype == DType::kFloat32 || dtype == DType::kFloat64; }
bool is_integer(DType dtype) { return !is_real(dtype) && dtype != DType::kBool; }

/// One array of the archive, with what its error messages name.
struct Member {
  const std::filesystem::path& file;
  std::string name;
  NdArray array;

  [[noreturn]] void fail(const std::string& message) const {
    throw BadInput(file.string() + ", array " + name, message);
  }
};

/// The names of inputs and labels or targets.
using Names = std::vector<std::string>;

const Names kTrainNames = {"x", "y"};
const Names kTestNames = {"x_test", "y_test"};

bool contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void fail_missing(const std::filesystem::path& file,
                               const std::string& wanted,
                               const Names& names) {
  const std::string there = names.empty() ? "none" : join(names, ", ");
  if (contains(kTestNames, wanted))
    throw BadInput(file.string(),
                   fmt::format("has no test set: the array `{}` is missing (it has: {}). Save it "
                               "with numpy.savez(file, x=..., y=..., x_test=inputs, "
                               "y_test=labels_or_targets).",
                               wanted,
                               there));
  throw BadInput(file.string(),
                 fmt::format("has no array `{}` (it has: {}). Save it with numpy.savez(file, "
                             "x=inputs, y=labels_or_targets).",
                             wanted,
                             there));
}

/// The wanted arrays must be there; what is of no use at all is named in the log.
void check_names(const std::filesystem::path& file, const Names& wanted_names) {
  Names names = npz_names(file);
  for (const std::string& wanted : wanted_names)
    if (!contains(names, wanted)) fail_missing(file, wanted, names);
  std::erase_if(names, [](const std::string& name) {
    return contains(kTrainNames, name) || contains(kTestNames, name);
  });
  if (!names.empty())
    log_info(fmt::format("{}: only x and y (and x_test and y_test) are used; ignored: {}.",
                         file.string(),
                         join(names, ", ")));
}

/// "row 3", "row 3, column 7", or "row 3, index (0, 5, 2)" for element `flat` of an array.
std::string place_text(std::size_t flat, const std::vector<std::int64_t>& shape) {
  auto rest = static_cast<std::int64_t>(flat);
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = rest % shape[axis];
    rest /= shape[axis];
  }
  const std::string row = fmt::format("row {}", index[0]);
  if (shape.size() == 1) return row;
  if (shape.size() == 2) return fmt::format("{}, column {}", row, index[1]);
  return fmt::format("{}, index {}", row, shape_text(std::span(index).subspan(1)));
}

template <typename Real>
void check_finite_values(const Member& member) {
  const auto values = member.array.as<Real>();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](Real v) { return !std::isfinite(v); });
  if (bad == values.end()) return;
  const auto place =
      place_text(static_cast<std::size_t>(bad - values.begin()), member.array.shape());
  member.fail(
      fmt::format("{} is {} (counting from 0). Drop such rows, or fill the gaps, for "
                  "example with numpy.nan_to_num.",
                  place,
                  *bad));
}

void check_finite(const Member& member) {
  if (member.array.dtype() == DType::kFloat32) check_finite_values<float>(member);
  if (member.array.dtype() == DType::kFloat64) check_finite_values<double>(member);
}

void check_not_empty(const Member& member) {
  if (member.array.rank() == 0 || member.array.size() == 0)
    member.fail("has the shape " + shape_text(member.array.shape()) +
                "; at least one row is needed, along the first axis.");
}

void check_same_length(const Member& x, const Member& y) {
  const auto rows = x.array.shape()[0];
  if (y.array.shape()[0] != rows)
    y.fail(fmt::format("has {} rows, {} has {}. They must describe the same examples.",
                       y.array.shape()[0],
                       x.name,
                       rows));
}

DType input_dtype(const NdArray& x) {
  if (x.dtype() == DType::kFloat64) return DType::kFloat64;
  const bool wide_integers = x.dtype() == DType::kInt32 || x.dtype() == DType::kInt64;
  return wide_integers && x.rank() == 2 ? DType::kInt64 : DType::kFloat32;
}

NdArray converted(NdArray array, DType dtype) {
  return array.dtype() == dtype ? std::move(array) : array.to(dtype);
}

/// (n) as (n, 1).
template <typename T>
NdArray as_column(const NdArray& array) {
  return NdArray::of(array.as<T>(), {array.size(), 1});
}

NdArray inputs_of(NdArray x) {
  const DType dtype = input_dtype(x);
  NdArray inputs = converted(std::move(x), dtype);
  if (inputs.rank() > 1) return inputs;
  return dtype == DType::kFloat64 ? as_column<double>(inputs) : as_column<float>(inputs);
}

void check_labels(const Member& y, std::span<const std::int64_t> labels) {
  for (std::size_t row = 0; row < labels.size(); ++row)
    if (labels[row] < 0 || labels[row] >= kMaxClasses)
      y.fail(
          fmt::format("the label {} in row {} is not one of 0, 1, 2, ... (below {}). Renumber "
                      "with numpy.unique(y, return_inverse=True)[1]; for real targets save "
                      "y.astype(float).",
                      labels[row],
                      row,
                      kMaxClasses));
}

void warn_about_gaps(const Member& y, std::span<const std::int64_t> labels, std::int64_t classes) {
  std::vector<bool> seen(static_cast<std::size_t>(classes));
  for (const auto label : labels) seen[static_cast<std::size_t>(label)] = true;
  const auto missing = std::count(seen.begin(), seen.end(), false);
  if (missing == 0) return;
  const auto first = std::find(seen.begin(), seen.end(), false) - seen.begin();
  log_warning(fmt::format("{}: {} of the classes 0..{} have no examples (the first is {}).",
                          y.file.string(),
                          missing,
                          classes - 1,
                          first));
}

/// One 1 in every row, and zeros.
bool is_one_hot(const NdArray& y) {
  if (y.rank() != 2 || y.shape()[1] < 2) return false;
  const NdArray wide = y.to(DType::kInt64);
  const auto values = std::as_const(wide).as<std::int64_t>();
  const auto classes = static_cast<std::size_t>(y.shape()[1]);
  for (std::size_t row = 0; row < values.size(); row += classes) {
    const auto one = values.subspan(row, classes);
    if (std::count(one.begin(), one.end(), 1) != 1 ||
        std::count(one.begin(), one.end(), 0) != y.shape()[1] - 1)
      return false;
  }
  return true;
}

[[noreturn]] void fail_label_shape(const Member& y) {
  const NdArray& array = y.array;
  const bool column = array.rank() == 2 && array.shape()[1] == 1;
  const std::string remedy =
      is_one_hot(array) ? "It looks one-hot: save y.argmax(axis=1)."
      : column          ? "Save y.ravel()."
                        : "For real targets, (n, c), save y.astype(float); labels for the "
                          "positions of token sequences need integers x of the same shape.";
  y.fail(fmt::format("is {} of shape {}, where class labels are (n). {}",
                     dtype_name(array.dtype()),
                     shape_text(array.shape()),
                     remedy));
}

void fill_labels(const Member& y, Split split, Dataset& data) {
  if (y.array.rank() != 1) fail_label_shape(y);
  data.labels = y.array.to(DType::kInt64);
  const auto labels = std::as_const(data.labels).as<std::int64_t>();
  check_labels(y, labels);
  data.classes = *std::max_element(labels.begin(), labels.end()) + 1;
  if (split == Split::kTest) return;  // its classes are those of the training set
  if (data.classes < 2) y.fail("every label is 0. At least two classes are needed.");
  warn_about_gaps(y, labels, data.classes);
}

/// A label for each position of a sequence of tokens.
bool are_sequences(const Member& x, const Member& y) {
  return is_integer(x.array.dtype()) && is_integer(y.array.dtype()) && x.array.rank() == 2 &&
         x.array.shape() == y.array.shape();
}

/// The largest of the values, which must be in [smallest, kMaxClasses).
std::int64_t checked_maximum(const Member& member,
                             const NdArray& array,
                             std::int64_t smallest,
                             const std::string& meaning) {
  const auto values = array.as<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] < smallest || values[i] >= kMaxClasses)
      member.fail(fmt::format("{} is {} (counting from 0); {} below {}.",
                              place_text(i, array.shape()),
                              values[i],
                              meaning,
                              kMaxClasses));
  return *std::max_element(values.begin(), values.end());
}

void fill_sequences(const Member& x, const Member& y, Split split, Dataset& data) {
  data.inputs = x.array.to(DType::kInt64);
  data.labels = y.array.to(DType::kInt64);
  const std::int64_t token = checked_maximum(x, data.inputs, 0, "tokens are 0, 1, 2, ...");
  const std::int64_t label = checked_maximum(
      y, data.labels, -1, "labels are 0, 1, 2, ..., or -1 where a position does not count, and");
  if (label < 0) y.fail("every label is -1, so that no position counts.");
  data.classes = label + 1;
  data.vocabulary = std::max(token, label) + 1;
  if (split == Split::kTrain && data.classes < 2)
    y.fail("every label that counts is 0. At least two classes are needed.");
}

void fill_targets(const Member& y, Dataset& data) {
  if (y.array.rank() > 2)
    y.fail("has the shape " + shape_text(y.array.shape()) + "; real targets are (n) or (n, c).");
  const NdArray targets = y.array.to(DType::kFloat64);
  const auto values = targets.as<double>();
  if (std::all_of(values.begin(), values.end(), [](double v) { return v == std::trunc(v); }))
    log_info(y.file.string() +
             ": y holds whole numbers as floats, taken as real targets; for class labels save "
             "y.astype(int).");
  data.targets = targets.rank() == 1 ? as_column<double>(targets) : targets;
}

}  // namespace

Dataset read_arrays(const std::filesystem::path& file, Split split) {
  const Names& wanted = split == Split::kTrain ? kTrainNames : kTestNames;
  check_names(file, wanted);
  NamedArrays arrays = read_npz(file, wanted);
  Member x{file, wanted[0], std::move(arrays.at(wanted[0]))};
  const Member y{file, wanted[1], std::move(arrays.at(wanted[1]))};
  for (const Member* member : {&std::as_const(x), &y}) {
    check_not_empty(*member);
    check_finite(*member);
  }
  check_same_length(x, y);

  Dataset data;
  data.name = split == Split::kTrain ? file.string() : file.string() + ", test set";
  if (are_sequences(x, y)) {
    fill_sequences(x, y, split, data);
    return data;
  }
  data.inputs = inputs_of(std::move(x.array));
  if (is_real(y.array.dtype()))
    fill_targets(y, data);
  else
    fill_labels(y, split, data);
  return data;
}

}  // namespace thalweg::data
