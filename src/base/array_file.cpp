#include "thalweg/base/array_file.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "base/file_io.hpp"
#include "base/zip.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/npz.hpp"
#include "thalweg/base/safetensors.hpp"

namespace thalweg {
namespace {

constexpr std::string_view kZip = "PK\x03\x04";
constexpr std::string_view kEmptyZip = "PK\x05\x06";

std::string first_bytes(const InputFile& file) {
  std::string bytes(std::min<std::uint64_t>(file.size(), 16), '\0');
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

/// How a file begins that is neither of the two, with what it is and what to do.
struct OtherKind {
  std::string_view start;
  std::string_view sentence;
};

constexpr std::array kOtherKinds = {
    OtherKind{"\x93NUMPY",
              "is a single NumPy array without a name. Save named arrays: numpy.savez(file, "
              "weights=array)."},
    OtherKind{"\x80",
              "is a Python pickle, which only Python can read. Save its tensors with "
              "safetensors.torch.save_file(state_dict, file)."},
    OtherKind{"\x89HDF\r\n",
              "is an HDF5 file. Save its arrays with numpy.savez(file, name=array, ...)."},
    OtherKind{"\x1F\x8B", "is compressed with gzip. Uncompress it first: gunzip FILE."},
    OtherKind{"GGUF",
              "is a GGUF file of quantised weights. Save the original ones with "
              "safetensors.torch.save_file(state_dict, file)."}};

/// PyTorch's archives hold a data.pkl in one folder; a TorchScript module has code beside it.
void require_arrays(const ZipReader& archive) {
  const auto holds = [&](std::string_view part) {
    return std::ranges::any_of(archive.members(), [&](const ZipMember& member) {
      return std::string_view(member.name).find(part) != std::string_view::npos;
    });
  };
  if (!holds("/data.pkl")) return;
  if (holds("/code/")) {
    throw BadInput(archive.file().name(),
                   "is a TorchScript module. Give it as --torchscript, or save its weights: "
                   "safetensors.torch.save_file(model.state_dict(), file).");
  }
  throw BadInput(archive.file().name(),
                 "is a file of torch.save, which only Python can read. Save it again: "
                 "safetensors.torch.save_file(model.state_dict(), file), or "
                 "numpy.savez(file, **{k: v.numpy() for k, v in model.state_dict().items()}).");
}

}  // namespace

/// What both kinds of files can do.
class ArrayFile::Format {
 public:
  Format(std::string file, std::vector<std::string> names)
      : file_(std::move(file)), names_(std::move(names)) {}
  virtual ~Format() = default;
  const std::string& file() const { return file_; }
  const std::vector<std::string>& names() const { return names_; }
  virtual NdArray read(const std::string& name) const = 0;

 private:
  std::string file_;
  std::vector<std::string> names_;
};

class ArrayFile::Npz final : public Format {
 public:
  explicit Npz(const std::filesystem::path& file) : Format(file.string(), npz_names(file)) {}
  NdArray read(const std::string& name) const override {
    return std::move(read_npz(file(), std::span(&name, 1)).at(name));
  }
};

class ArrayFile::Safetensors final : public Format {
 public:
  Safetensors(const std::filesystem::path& file, SafetensorsFile content)
      : Format(file.string(), content.names()), content_(std::move(content)) {}
  NdArray read(const std::string& name) const override { return content_.read(name); }

 private:
  SafetensorsFile content_;
};

std::unique_ptr<ArrayFile::Format> ArrayFile::open(const std::filesystem::path& path) {
  const InputFile file(path);
  const std::string start = first_bytes(file);
  if (start.starts_with(kZip) || start.starts_with(kEmptyZip)) {
    require_arrays(ZipReader(path));
    return std::make_unique<Npz>(path);
  }
  for (const OtherKind& kind : kOtherKinds) {
    // A header of safetensors whose length happens to begin likewise has a brace behind it.
    if (start.starts_with(kind.start) && !(start.size() > 8 && start[8] == '{'))
      throw BadInput(file.name(), std::string(kind.sentence));
  }
  return std::make_unique<Safetensors>(path, SafetensorsFile(path));
}

ArrayFile::ArrayFile(const std::filesystem::path& file) : format_(open(file)) {}
ArrayFile::~ArrayFile() = default;

const std::string& ArrayFile::name() const { return format_->file(); }
const std::vector<std::string>& ArrayFile::names() const { return format_->names(); }

bool ArrayFile::contains(std::string_view name) const {
  return std::ranges::find(names(), name) != names().end();
}

NdArray ArrayFile::read(std::string_view name) const {
  if (!contains(name)) {
    throw BadInput(format_->file(),
                   fmt::format("holds no array '{}'.", printable(std::string(name))));
  }
  return format_->read(std::string(name));
}

}  // namespace thalweg
