#include <cstddef>
#include <cstdint>

#include "fuzz/input_file.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/run/recorder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const thalweg::fuzz::InputFile file({bytes, size});
  try {
    thalweg::run::read_metrics(file.path());
  } catch (const thalweg::BadInput&) {
  }
  return 0;
}
