#include "thalweg/base/npz.hpp"

#include <algorithm>
#include <new>
#include <string_view>

#include <fmt/format.h>

#include "base/file_io.hpp"
#include "base/npy.hpp"
#include "base/zip.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg {
namespace {

constexpr std::string_view kExtension = ".npy";

std::string array_name(const ZipMember& member, const std::string& file) {
  if (!std::string_view(member.name).ends_with(kExtension)) {
    throw BadInput(file,
                   fmt::format("member '{}' is not an array (its name does not end in .npy). Save "
                               "arrays only, with numpy.savez.",
                               printable(member.name)));
  }
  return member.name.substr(0, member.name.size() - kExtension.size());
}

NdArray read_member(const ZipReader& archive, const ZipMember& member, const std::string& where) {
  ZipStream stream(archive, member);
  NdArray array = read_npy([&](std::span<std::byte> out) { stream.read(out); }, member.size, where);
  stream.finish();
  return array;
}

void add_member(NamedArrays& arrays,
                const ZipReader& archive,
                const ZipMember& member,
                const std::string& file) {
  const std::string name = array_name(member, file);
  const std::string where = fmt::format("{}: {}", file, printable(name));
  try {
    arrays.emplace(name, read_member(archive, member, where));
  } catch (const std::bad_alloc&) {
    throw RunFailed(
        where,
        fmt::format("there is no memory for its {} bytes. Save a smaller array.", member.size));
  }
}

}  // namespace

NamedArrays read_npz(const std::filesystem::path& file) {
  const ZipReader archive(file);
  NamedArrays arrays;
  for (const ZipMember& member : archive.members()) {
    add_member(arrays, archive, member, file.string());
  }
  return arrays;
}

NamedArrays read_npz(const std::filesystem::path& file, std::span<const std::string> names) {
  const ZipReader archive(file);
  NamedArrays arrays;
  for (const ZipMember& member : archive.members()) {
    const bool wanted = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return member.name == name + std::string(kExtension);
    });
    if (wanted) {
      add_member(arrays, archive, member, file.string());
    }
  }
  return arrays;
}

std::vector<std::string> npz_names(const std::filesystem::path& file) {
  const ZipReader archive(file);
  std::vector<std::string> names;
  for (const ZipMember& member : archive.members()) {
    if (member.name.ends_with(kExtension)) {
      names.push_back(printable(array_name(member, file.string())));
    }
  }
  return names;
}

void write_npz(const std::filesystem::path& file, const NamedArrays& arrays) {
  write_atomically(file, [&](const std::filesystem::path& temporary) {
    OutputFile output(temporary, file);
    ZipWriter archive(output);
    for (const auto& [name, array] : arrays) {
      const std::string header = npy_header(array);
      archive.add(name + std::string(kExtension), std::as_bytes(std::span(header)), array.bytes());
    }
    archive.finish();
    output.close();
  });
}

}  // namespace thalweg
