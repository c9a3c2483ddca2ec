#include "nn/torchscript_archive.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/file_io.hpp"
#include "base/zip.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::nn {
namespace {

constexpr std::string_view kExport = "Export it with torch.jit.script(model).save(path).";

void require_signature(const InputFile& file) {
  constexpr std::string_view kZip = "PK\x03\x04";
  std::array<char, 4> start{};
  if (file.size() >= start.size()) file.read(0, std::as_writable_bytes(std::span(start)));
  if (std::string_view(start.data(), start.size()) == kZip) return;
  throw BadInput(file.name(),
                 fmt::format("is not a TorchScript archive: it is {} and does not start as a ZIP "
                             "file does. {}",
                             file.size() == 0 ? "empty" : fmt::format("{} bytes long", file.size()),
                             kExport));
}

void check_content(const ZipReader& archive, const ZipMember& member) {
  ZipStream stream(archive, member);
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  for (std::uint64_t left = member.size; left > 0;) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
    stream.read(std::span(buffer).first(part));
    left -= part;
  }
  stream.finish();
}

/// "model/data.pkl" -> "data.pkl": all members lie in one folder named after the archive.
std::string_view inside_folder(const ZipMember& member) {
  const std::string_view name = member.name;
  return name.substr(std::min(name.size(), name.find('/') + 1));
}

void require_members(const ZipReader& archive) {
  const auto has = [&archive](auto&& wanted) {
    return std::any_of(
        archive.members().begin(), archive.members().end(), [&wanted](const ZipMember& member) {
          return wanted(inside_folder(member));
        });
  };
  const auto is = [](std::string_view name) {
    return [name](std::string_view member) { return member == name; };
  };
  const bool has_data = has(is("data.pkl"));
  const bool has_code = has(is("constants.pkl")) &&
                        has([](std::string_view member) { return member.starts_with("code/"); });
  if (has_data && has_code) return;
  throw BadInput(archive.file().name(),
                 fmt::format("is a ZIP archive without {}: {}. {}",
                             has_data ? "code" : "data.pkl",
                             has_data ? "it looks like a state_dict or a pickled model of "
                                        "torch.save, which C++ cannot run"
                                      : "it is not a TorchScript module",
                             kExport));
}

/// Runs a read of the archive; whatever the ZIP reader finds wrong means one thing to the user.
template <typename Read>
auto or_damaged(const InputFile& file, Read&& read) {
  try {
    return read();
  } catch (const BadInput&) {
    throw BadInput(file.name(),
                   "is a damaged or incomplete archive: its directory and its content do not fit "
                   "together. Copy it again, or export it again.");
  }
}

}  // namespace

void check_torchscript_archive(const std::filesystem::path& file) {
  const InputFile input(file);
  require_signature(input);
  const ZipReader archive = or_damaged(input, [&file] { return ZipReader(file); });
  require_members(archive);
  or_damaged(input, [&archive] {
    for (const ZipMember& member : archive.members()) check_content(archive, member);
  });
}

}  // namespace thalweg::nn
