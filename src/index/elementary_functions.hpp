#pragma once

#include <span>
#include <string>

namespace thalweg::index {

/// A function that a formula may call: of one number, of two, or of two and more.
struct ElementaryFunction {
  std::string name;
  double (*unary)(double) = nullptr;
  double (*binary)(double, double) = nullptr;
  double (*variadic)(const double*, int) = nullptr;
};

/// What a formula knows beside the named links, in the order of its documentation.
std::span<const ElementaryFunction> elementary_functions();

}  // namespace thalweg::index
