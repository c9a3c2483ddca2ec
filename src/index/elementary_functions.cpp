#include "index/elementary_functions.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace thalweg::index {

std::span<const ElementaryFunction> elementary_functions() {
  static const std::vector<ElementaryFunction> functions = {
      {"exp", [](double x) { return std::exp(x); }},
      {"expm1", [](double x) { return std::expm1(x); }},
      {"log", [](double x) { return std::log(x); }},
      {"ln", [](double x) { return std::log(x); }},
      {"log1p", [](double x) { return std::log1p(x); }},
      {"log2", [](double x) { return std::log2(x); }},
      {"log10", [](double x) { return std::log10(x); }},
      {"sqrt", [](double x) { return std::sqrt(x); }},
      {"cbrt", [](double x) { return std::cbrt(x); }},
      {"sin", [](double x) { return std::sin(x); }},
      {"cos", [](double x) { return std::cos(x); }},
      {"tan", [](double x) { return std::tan(x); }},
      {"asin", [](double x) { return std::asin(x); }},
      {"acos", [](double x) { return std::acos(x); }},
      {"atan", [](double x) { return std::atan(x); }},
      {"sinh", [](double x) { return std::sinh(x); }},
      {"cosh", [](double x) { return std::cosh(x); }},
      {"asinh", [](double x) { return std::asinh(x); }},
      {"acosh", [](double x) { return std::acosh(x); }},
      {"atanh", [](double x) { return std::atanh(x); }},
      {"erfc", [](double x) { return std::erfc(x); }},
      {"floor", [](double x) { return std::floor(x); }},
      {"ceil", [](double x) { return std::ceil(x); }},
      {"round", [](double x) { return std::round(x); }},
      {"pow", nullptr, [](double x, double y) { return std::pow(x, y); }},
      {"atan2", nullptr, [](double x, double y) { return std::atan2(x, y); }},
      {"min", nullptr, nullptr, [](const double* x, int n) { return *std::min_element(x, x + n); }},
      {"max", nullptr, nullptr, [](const double* x, int n) { return *std::max_element(x, x + n); }},
  };
  return functions;
}

}  // namespace thalweg::index
