#include <cstddef>
#include <cstdint>

#include "fuzz/input_file.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/run/recorder.hpp"

// HDF5 asks malloc for whatever size a damaged heap declares and copes with the refusal, so it gets
// refusals, as from a machine of that size; on that way it loses some bytes of its own, so leaks
// are not counted. What our own code asks of `new` still counts as a find.
extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1:max_allocation_size_mb=1024:detect_leaks=0";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const thalweg::fuzz::InputFile file({bytes, size});
  try {
    thalweg::run::read_metrics(file.path());
  } catch (const thalweg::BadInput&) {
  }
  return 0;
}
