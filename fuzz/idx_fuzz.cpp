#include <cstddef>
#include <cstdint>

#include "data/idx.hpp"
#include "fuzz/input_file.hpp"
#include "thalweg/base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const thalweg::fuzz::InputFile file({bytes, size});
  try {
    thalweg::data::read_idx(file.path());
  } catch (const thalweg::BadInput&) {
  }
  return 0;
}
