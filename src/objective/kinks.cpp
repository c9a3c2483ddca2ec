#include "thalweg/objective/kinks.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include <ATen/record_function.h>

namespace thalweg::objective {
namespace {

/// Beginnings of names: "relu" stands for relu_, relu6 and so on.
constexpr std::array<std::string_view, 29> kKinks = {
    "relu",      "leaky_relu", "prelu",        "rrelu",   "elu",        "celu",
    "selu",      "hardtanh",   "hardswish",    "hardsig", "hardshrink", "softshrink",
    "threshold", "max_pool",   "adaptive_max", "max",     "min",        "amax",
    "amin",      "clamp",      "abs",          "sort",    "topk",       "median",
    "l1_loss",   "smooth_l1",  "huber",        "hinge",   "margin"};

thread_local std::string first;

std::unique_ptr<at::ObserverContext> look(const at::RecordFunction& function) {
  std::string_view name = function.name();
  constexpr std::string_view kNamespace = "aten::";
  if (!first.empty() || !name.starts_with(kNamespace)) return nullptr;
  name.remove_prefix(kNamespace.size());
  const auto begins = [&](std::string_view kink) { return name.starts_with(kink); };
  if (std::ranges::any_of(kKinks, begins)) first = name;
  return nullptr;
}

}  // namespace

std::string kink_operator(const std::function<void()>& work) {
  first.clear();
  const at::CallbackHandle handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(look).scopes({at::RecordScope::FUNCTION}));
  work();
  at::removeCallback(handle);
  return first;
}

}  // namespace thalweg::objective
