#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace thalweg::index {

/// One word of a formula.
struct Token {
  enum class Kind { kNumber, kVariable, kConstant, kFunction, kOperator, kOpen, kClose, kComma };
  Kind kind;
  std::string text;
  std::size_t position;  ///< of its first character, from 1
};

/// A formula's words, checked: they alternate as mathematics does, brackets and conditions close,
/// functions have as many arguments as they take and comparisons do not chain.
struct FormulaTokens {
  std::vector<Token> tokens;
  int variables = 0;  ///< r: one for z, the largest number for z1, z2, ...
};

/// A function named without brackets is applied to z: "sign(h3)" gives the tokens of
/// "sign(h3(z))".
/// @throws InvalidArgument  with the position of the fault and what may have been meant
FormulaTokens read_formula(const std::string& text);

}  // namespace thalweg::index
