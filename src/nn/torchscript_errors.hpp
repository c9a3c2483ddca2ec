#pragma once

#include <string>
#include <string_view>

#include <c10/core/ScalarType.h>

namespace thalweg::nn {

/// libtorch's errors carry tracebacks of three languages; these make a sentence of one.

/// What failed, on one line: the operator's message and the line of the model it came from.
std::string innermost_failure(std::string_view text);

/// The operator ("aten::x") that the text says is unknown; "" if it says no such thing.
std::string unknown_operator(std::string_view text);

/// Why the module could not be loaded, and what to do.
std::string load_failure(std::string_view text);

/// Why forward failed, and what to do; `dtype` is that of the weights ("float64").
std::string forward_failure(std::string_view text, std::string_view dtype);

/// Why outputs of this type cannot be used with weights of another, and what to do.
std::string dtype_failure(c10::ScalarType returned, c10::ScalarType weights);

/// Why a second derivative failed: the operator that has none.
std::string double_backward_failure(std::string_view text);

/// "float64", as users write it.
std::string dtype_text(c10::ScalarType dtype);

bool is_out_of_memory(std::string_view text);

}  // namespace thalweg::nn
