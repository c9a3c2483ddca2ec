#pragma once

#include <functional>
#include <string>
#include <vector>

namespace thalweg::nn {

/// Names of the operators ("aten::detach") that `work` calls and whose first or second derivative
/// is not that of their value: each is evaluated again on its own, on the tensors it was given, and
/// compared with differences. For messages, once something is known to be wrong.
///
/// @param work  one evaluation, in double on the CPU
/// Operators of more than 10,000 numbers, and those that cannot be run on their own, are left out.
std::vector<std::string> wrong_operators(const std::function<void()>& work);

}  // namespace thalweg::nn
