#include <cstddef>
#include <cstdint>

#include "fuzz/input_file.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const thalweg::fuzz::InputFile file({bytes, size});
  try {
    const thalweg::SafetensorsFile content(file.path());
    for (const auto& name : content.names()) content.read(name);
  } catch (const thalweg::BadInput&) {
  }
  return 0;
}
