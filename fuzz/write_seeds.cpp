// Writes one small valid input a fuzzer into FOLDER/<fuzzer>/: without a file of the right format
// to start from, a fuzzer of an archive or of HDF5 never gets past the first bytes.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/base/files.hpp"
#include "thalweg/base/npz.hpp"
#include "thalweg/run/recorder.hpp"

namespace {

using std::filesystem::path;

void write_bytes(const path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

path folder_for(const path& root, const char* fuzzer) {
  std::filesystem::create_directories(root / fuzzer);
  return root / fuzzer;
}

void write_npz_seed(const path& folder) {
  const std::vector<double> inputs = {1, 2, 3, 4};
  const std::vector<std::int64_t> labels = {0, 1};
  thalweg::write_npz(folder / "seed",
                     {{"x", thalweg::NdArray::of(std::span(inputs), {2, 2})},
                      {"y", thalweg::NdArray::of(std::span(labels), {2})}});
}

/// A .npy file, version 1.0: magic, length of the header, header padded to 64 bytes, values.
std::string npy(const std::string& dtype, const std::string& shape, std::string_view values) {
  std::string header =
      "{'descr': '" + dtype + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.append(117 - header.size(), ' ').append("\n");
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
         std::string(values);
}

void write_arrays_seed(const path& folder) {
  const std::string x = npy("<f4", "2, 1", std::string_view("\0\0\0\0\0\0\x80\x3f", 8));
  const std::string y = npy("|u1", "2,", std::string_view("\0\1", 2));
  write_bytes(folder / "seed", static_cast<char>(x.size()) + std::string(1, '\0') + x + y);
}

void write_idx_seed(const path& folder) {
  write_bytes(folder / "seed", std::string_view("\0\0\x08\2\0\0\0\1\0\0\0\2ab", 14));
}

void write_cifar10_seed(const path& folder) {
  write_bytes(folder / "seed", std::string(3073, '\5'));
}

void write_table_seed(const path& folder) {
  write_bytes(folder / "seed",
              "\xEF\xBB\xBF"
              "a,\"b\"\"c\",b\n1,x,2e-3\n+4,\"y\nz\",-5\n");
  write_bytes(folder / "semicolons", "a;b\r\n1,5;2\r\n");
}

void write_formula_seed(const path& folder) {
  write_bytes(folder / "one", "z>0 && (1<2) ? relu(z)-.5e-1*h12(z)^2 : max(-T3(z), pi, e)");
  write_bytes(folder / "several", "z1*sign(z2 - z3) + gelu(z4)/2 <= 1 || z1 == 0");
}

void write_settings_seed(const path& folder) {
  write_bytes(
      folder / "seed",
      "thalweg = \"0.1.0\"\ncommand = \"flow\"\n# a comment\nflag = true\nsteps = 10\n"
      "rate = 1e-2\nrule = \"gd\"\nprocesses = [\"a\", \"b\"]\ntolerance = 0.5\nwidth = 3\n");
}

void write_metrics_seed(const path& folder) {
  thalweg::run::write_metrics(
      folder / "seed",
      {{"gd/loss",
        {.unit = "nats", .description = "training loss", .rows = 2, .values = {1, std::nan("")}}},
       {"gd/sharpness",
        {.unit = "1",
         .description = "leading eigenvalues",
         .matrix = true,
         .rows = 2,
         .columns = 2,
         .values = {4, 3, 2, 1}}}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: thalweg_fuzz_seeds FOLDER\n", stderr);
    return 2;
  }
  try {
    write_npz_seed(folder_for(argv[1], "npz"));
    write_arrays_seed(folder_for(argv[1], "arrays"));
    write_idx_seed(folder_for(argv[1], "idx"));
    write_cifar10_seed(folder_for(argv[1], "cifar10"));
    write_table_seed(folder_for(argv[1], "table"));
    write_formula_seed(folder_for(argv[1], "formula"));
    write_settings_seed(folder_for(argv[1], "settings"));
    write_metrics_seed(folder_for(argv[1], "metrics"));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
