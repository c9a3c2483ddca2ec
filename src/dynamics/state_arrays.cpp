#include "state_arrays.hpp"

#include <string>
#include <utility>

namespace thalweg::dynamics {

void add_arrays(NamedArrays& arrays, std::string_view prefix, NamedArrays part) {
  for (auto& [name, array] : part) {
    arrays.insert_or_assign(std::string(prefix) + "/" + name, std::move(array));
  }
}

NamedArrays arrays_under(const NamedArrays& arrays, std::string_view prefix) {
  const std::string start = std::string(prefix) + "/";
  NamedArrays part;
  for (auto entry = arrays.lower_bound(start);
       entry != arrays.end() && entry->first.starts_with(start);
       ++entry) {
    part.emplace(entry->first.substr(start.size()), entry->second);
  }
  return part;
}

}  // namespace thalweg::dynamics
