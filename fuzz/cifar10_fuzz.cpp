// The input is the first of the five batches; the others hold one black aeroplane each.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <stdlib.h>

#include "data/cifar10.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/log.hpp"

namespace {

void write_batch(const std::filesystem::path& folder, int batch, const std::string& content) {
  std::ofstream(folder / ("data_batch_" + std::to_string(batch) + ".bin"), std::ios::binary)
      << content;
}

class Batches {
 public:
  Batches() {
    thalweg::set_log_quiet(true);
    std::string name = (std::filesystem::temp_directory_path() / "thalweg-fuzz-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    for (int batch = 2; batch <= 5; ++batch) write_batch(folder_, batch, std::string(3073, '\0'));
  }
  ~Batches() { std::filesystem::remove_all(folder_); }
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Batches batches;
  write_batch(batches.folder(), 1, {reinterpret_cast<const char*>(bytes), size});
  try {
    thalweg::data::read_cifar10(batches.folder());
  } catch (const thalweg::BadInput&) {
  }
  return 0;
}
