#include "nn/torchscript_errors.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace thalweg::nn {
namespace {

constexpr std::size_t kLongest = 300;  // characters of a foreign message that are passed on

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

template <std::size_t N>
bool contains_any(std::string_view text, const std::array<std::string_view, N>& parts) {
  return std::any_of(
      parts.begin(), parts.end(), [text](std::string_view part) { return contains(text, part); });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The first line of `text` that says something, without the full stop, shortened.
std::string first_line(std::string_view text) {
  text = trimmed(text);
  text = trimmed(text.substr(0, text.find('\n')));
  while (!text.empty() && text.back() == '.') text.remove_suffix(1);
  // Cut bytes would break a character of UTF-8 in two; control characters would reach the terminal.
  std::string line(text.substr(0, kLongest));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return line;
}

/// The message behind the last "RuntimeError: ", or the beginning of the text.
std::string operator_message(std::string_view text) {
  constexpr std::string_view kMark = "Error: ";
  text = text.substr(0, text.find("\nException raised from"));
  const auto mark = text.rfind(kMark);
  return first_line(mark == std::string_view::npos ? text : text.substr(mark + kMark.size()));
}

/// The line of the model above the last "<--- HERE".
std::string marked_line(std::string_view text) {
  const auto here = text.rfind("<--- HERE");
  if (here == std::string_view::npos) return {};
  const auto end = text.rfind('\n', here);
  if (end == std::string_view::npos || end == 0) return {};
  const auto begin = text.rfind('\n', end - 1);
  const auto start = begin == std::string_view::npos ? 0 : begin + 1;
  return first_line(text.substr(start, end - start));
}

/// The word behind `mark`, without quotes.
std::string word_after(std::string_view text, std::string_view mark) {
  const auto found = text.find(mark);
  if (found == std::string_view::npos) return {};
  constexpr std::string_view kAround = " \t\r\n'\",;(";
  std::string_view rest = text.substr(found + mark.size());
  rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(kAround)));
  std::string_view word = rest.substr(0, rest.find_first_of(kAround));
  if (word.ends_with('.')) word.remove_suffix(1);
  return first_line(word);
}

}  // namespace

std::string innermost_failure(std::string_view text) {
  std::string message = operator_message(text);
  // "Could not run 'aten::x' with arguments from the 'Y' backend. This could be because ..."
  message.resize(std::min(message.size(), message.find(". This could be because")));
  const std::string line = marked_line(text);
  return line.empty() ? message : fmt::format("{}, in `{}`", message, line);
}

std::string dtype_text(c10::ScalarType dtype) {
  if (dtype == c10::ScalarType::Double) return "float64";
  if (dtype == c10::ScalarType::Float) return "float32";
  if (dtype == c10::ScalarType::Half) return "float16";
  if (dtype == c10::ScalarType::BFloat16) return "bfloat16";
  if (dtype == c10::ScalarType::Long) return "int64";
  if (dtype == c10::ScalarType::Int) return "int32";
  if (dtype == c10::ScalarType::Bool) return "bool";
  if (dtype == c10::ScalarType::ComplexFloat) return "complex64";
  if (dtype == c10::ScalarType::ComplexDouble) return "complex128";
  return c10::toString(dtype);
}

bool is_out_of_memory(std::string_view text) {
  return contains_any(
      text,
      std::array<std::string_view, 4>{
          "not enough memory", "out of memory", "std::bad_alloc", "Cannot allocate memory"});
}

std::string unknown_operator(std::string_view text) {
  return word_after(text, "Unknown builtin op:");
}

std::string load_failure(std::string_view text) {
  if (const std::string name = unknown_operator(text); !name.empty()) {
    return fmt::format(
        "uses the operator {}, which this libtorch does not have. Export the model with the "
        "libtorch "
        "version Thalweg was built with, or write the operator out of simpler ones "
        "(docs/torchscript.md shows how).",
        name);
  }
  if (contains(text, "maximum supported version")) {
    return fmt::format(
        "was written by a newer PyTorch than this libtorch can read ({}). Export it with an older "
        "PyTorch, or build Thalweg with a newer libtorch.",
        operator_message(text));
  }
  return fmt::format(
      "cannot be loaded: {}. Export it again with torch.jit.script(model).save(path), with a "
      "PyTorch "
      "no newer than this libtorch.",
      innermost_failure(text));
}

std::string forward_failure(std::string_view text, std::string_view dtype) {
  if (!unknown_operator(text).empty()) return load_failure(text);
  const std::string failure = innermost_failure(text);
  if (contains(text, "'CUDA' backend") || contains(text, "not compiled with CUDA")) {
    return fmt::format(
        "forward failed: it makes tensors on the device cuda, which is fixed inside the model. "
        "Replace device=\"cuda\" by the device of the inputs, x.device ({}).",
        failure);
  }
  if (contains(text, "'indices' to have one of the following scalar types")) {
    return fmt::format(
        "forward failed: an embedding looks up integers, and the inputs came as real numbers. "
        "Integers with one label per example count as a table and are standardised: "
        "--no-standardize keeps them as tokens; x must be saved as int32 or int64, of rank 2 ({}).",
        failure);
  }
  if (contains(text, "a leaf Variable that requires grad")) {
    return fmt::format(
        "forward changes a parameter in place. Write w = w * 2 instead of w *= 2 or "
        "w.mul_(2) ({}).",
        failure);
  }
  const bool about_dtype = contains_any(failure,
                                        std::array<std::string_view, 5>{"expected scalar type",
                                                                        "same dtype",
                                                                        "same data type",
                                                                        "Double",
                                                                        "must match the other"});
  if (about_dtype && dtype == "float64") {
    return fmt::format(
        "forward failed with float64 weights: {}. A dtype seems fixed inside the model: use "
        "--dtype float32, or replace the fixed dtype by that of the inputs.",
        failure);
  }
  return fmt::format("forward failed: {}.", failure);
}

std::string dtype_failure(c10::ScalarType returned, c10::ScalarType weights) {
  const std::string both =
      fmt::format("forward returned {} for {} weights", dtype_text(returned), dtype_text(weights));
  if (c10::isComplexType(returned))
    return both + ". Return real numbers: torch.view_as_real(z), z.abs() or z.real.";
  if (!c10::isFloatingType(returned)) {
    return both +
           ": argmax, round, comparisons and conversions to integers have no derivative. Return "
           "the numbers before them (logits).";
  }
  if (returned == c10::ScalarType::Double || returned == c10::ScalarType::Float) {
    return fmt::format(
        "{}: a dtype is fixed inside the model. Use --dtype {}, or replace the fixed dtype by that "
        "of the inputs.",
        both,
        dtype_text(returned));
  }
  return both +
         ": 16-bit numbers are too coarse for second derivatives. Leave .half(), "
         ".bfloat16() and autocast out of forward.";
}

std::string double_backward_failure(std::string_view text) {
  const std::string name = word_after(text, "derivative for ");
  if (!name.empty()) {
    return fmt::format(
        "the operator {} has no second derivative in this libtorch. Write it out of simpler ones "
        "(docs/torchscript.md shows how, for fused attention too).",
        name);
  }
  return fmt::format("its second derivative failed: {}.", innermost_failure(text));
}

}  // namespace thalweg::nn
