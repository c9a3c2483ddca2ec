#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fuzz/input_file.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/data/table.hpp"

namespace {

void read(const std::filesystem::path& file, std::span<const std::string> wanted) {
  try {
    const auto table = thalweg::data::read_table(file, wanted);
    for (const auto& column : table.columns) {
      if (static_cast<std::int64_t>(column.size()) != table.rows()) std::abort();
    }
  } catch (const thalweg::BadInput&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const thalweg::fuzz::InputFile file({bytes, size});
  const std::array<std::string, 2> wanted = {"b", "a"};
  read(file.path(), {});
  read(file.path(), wanted);
  return 0;
}
