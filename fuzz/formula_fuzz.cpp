#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/base/error.hpp"
#include "thalweg/index/formula.hpp"

/// Any text is a link, which has a value everywhere, or one sentence of refusal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const auto link = thalweg::index::parse_formula(std::string(bytes, bytes + size));
    std::vector<double> z, y;
    for (const double point : {-1e3, -1.5, 0.0, 0.25, 40.0})
      z.insert(z.end(), static_cast<std::size_t>(link->variables()), point);
    y.resize(5);
    link->evaluate(z, y);
  } catch (const thalweg::InvalidArgument&) {
  }
  return 0;
}
