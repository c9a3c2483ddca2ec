#include "leap_list.hpp"

#include <cstddef>
#include <utility>

#include <nlohmann/json.hpp>

namespace thalweg::app {

using nlohmann::json;

json leap_list(const index::Leaps& leaps,
               const std::vector<Matrix>& bases,
               const std::vector<std::string>& names) {
  json list = json::array();
  for (std::size_t i = 0; i < leaps.steps.size(); ++i) {
    const auto& leap = leaps.steps[i];
    json combinations = json::array();
    for (int j = 0; j < leap.directions; ++j) {
      json weights = json::object();
      for (std::size_t c = 0; c < names.size(); ++c)
        weights[names[c]] = bases[i](static_cast<Eigen::Index>(c), j);
      combinations.push_back(std::move(weights));
    }
    list.push_back({{"order", leap.order},
                    {"directions", leap.directions},
                    {"strengths", leap.strengths},
                    {"combinations", std::move(combinations)}});
  }
  return list;
}

}  // namespace thalweg::app
