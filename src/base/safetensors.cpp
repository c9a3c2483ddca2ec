#include "thalweg/base/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

using json = nlohmann::ordered_json;

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLargestHeader = 100'000'000;  // as the reference reader has it

struct TensorHeader {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // in the data
};

[[noreturn]] void fail(const std::string& where, const std::string& reason) {
  throw BadInput(where, reason + " Save it again with safetensors.torch.save_file.");
}

std::uint64_t read_length(const InputFile& file) {
  std::array<std::byte, kLengthBytes> bytes{};
  if (file.size() < kLengthBytes) fail(file.name(), "the file is too short for safetensors.");
  file.read(0, bytes);
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    length |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  if (length > kLargestHeader || length > file.size() - kLengthBytes) {
    fail(file.name(),
         fmt::format("its first 8 bytes promise a header of {} bytes, but the file has {}: it is "
                     "cut short or not safetensors.",
                     length,
                     file.size()));
  }
  return length;
}

json read_header(const InputFile& file, std::uint64_t length) {
  std::string text(length, '\0');
  file.read(kLengthBytes, std::as_writable_bytes(std::span(text)));
  json header = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) fail(file.name(), "its header is not a JSON object.");
  return header;
}

std::optional<TensorHeader> parse_tensor(const json& entry) {
  const auto dtype = entry.find("dtype"), shape = entry.find("shape"),
             offsets = entry.find("data_offsets");
  if (!entry.is_object() || dtype == entry.end() || shape == entry.end() || offsets == entry.end())
    return {};
  if (!dtype->is_string() || !shape->is_array() || !offsets->is_array() || offsets->size() != 2)
    return {};
  const auto whole = [](const json& n) { return n.is_number_unsigned(); };
  if (!std::ranges::all_of(*shape, whole) || !std::ranges::all_of(*offsets, whole)) return {};
  return TensorHeader{.dtype = dtype->get<std::string>(),
                      .shape = shape->get<std::vector<std::int64_t>>(),
                      .begin = (*offsets)[0].get<std::uint64_t>(),
                      .end = (*offsets)[1].get<std::uint64_t>()};
}

std::optional<DType> plain_type(const std::string& name) {
  if (name == "F64") return DType::kFloat64;
  if (name == "F32") return DType::kFloat32;
  if (name == "I64") return DType::kInt64;
  if (name == "I32") return DType::kInt32;
  if (name == "I16") return DType::kInt16;
  if (name == "I8") return DType::kInt8;
  if (name == "U8") return DType::kUInt8;
  if (name == "BOOL") return DType::kBool;
  return {};
}

/// IEEE binary16 as binary32.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU, mantissa = half & 0x3FFU;
  if (exponent == 0) {  // zero and subnormal numbers
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide_exponent = exponent == 0x1F ? 0xFFU : exponent + 112;
  return std::bit_cast<float>(sign | (wide_exponent << 23) | (mantissa << 13));
}

float from_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// Elements of the shape, or nothing where they are too many to count.
std::optional<std::uint64_t> count(const std::vector<std::int64_t>& shape) {
  std::uint64_t elements = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0 ||
        __builtin_mul_overflow(elements, static_cast<std::uint64_t>(extent), &elements))
      return {};
  }
  return elements;
}

NdArray read_tensor(const InputFile& file,
                    std::uint64_t data,
                    const TensorHeader& header,
                    const std::string& where) {
  const auto type = plain_type(header.dtype);
  const bool half = header.dtype == "F16", bfloat = header.dtype == "BF16";
  if (!type && !half && !bfloat) {
    throw BadInput(where,
                   fmt::format("its type {} is not supported; convert it to float32.",
                               printable(header.dtype)));
  }
  const std::uint64_t width = type ? item_size(*type) : 2;
  const auto elements = count(header.shape);
  const bool fits = header.begin <= header.end && header.end <= file.size() - data &&
                    elements.has_value() && *elements <= (file.size() - data) / width &&
                    header.end - header.begin == *elements * width;
  if (!fits) fail(where, "its place in the file does not fit its shape, or the file is cut short.");
  if (type) {
    // Bytes other than 0 and 1 are no bools.
    NdArray array(*type == DType::kBool ? DType::kUInt8 : *type, header.shape);
    file.read(data + header.begin, array.bytes());
    return *type == DType::kBool ? array.to(DType::kBool) : array;
  }
  std::vector<std::uint16_t> bits(*elements);
  file.read(data + header.begin, std::as_writable_bytes(std::span(bits)));
  NdArray array(DType::kFloat32, header.shape);
  std::ranges::transform(bits, array.as<float>().begin(), half ? from_half : from_bfloat);
  return array;
}

/// The header's "__metadata__": texts by name. Of those that name a tensor, where none has the
/// entry's own name, save_model made aliases.
std::map<std::string, std::string> aliases_of(const json& header) {
  std::map<std::string, std::string> aliases;
  const auto metadata = header.find("__metadata__");
  if (metadata == header.end() || !metadata->is_object()) return aliases;
  for (const auto& [alias, kept] : metadata->items()) {
    if (kept.is_string() && header.contains(kept.get<std::string>()) && !header.contains(alias))
      aliases.emplace(alias, kept.get<std::string>());
  }
  return aliases;
}

}  // namespace

struct SafetensorsFile::Impl {
  explicit Impl(const std::filesystem::path& path)
      : file(path), length(read_length(file)), header(read_header(file, length)) {
    aliases = aliases_of(header);
    for (const auto& [name, entry] : header.items()) {
      if (name != "__metadata__") names.push_back(name);
    }
    for (const auto& [alias, kept] : aliases) names.push_back(alias);
  }

  InputFile file;
  std::uint64_t length;
  json header;
  std::map<std::string, std::string> aliases;
  std::vector<std::string> names;
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& file)
    : impl_(std::make_unique<Impl>(file)) {}
SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;

const std::vector<std::string>& SafetensorsFile::names() const { return impl_->names; }

NdArray SafetensorsFile::read(std::string_view wanted) const {
  const auto alias = impl_->aliases.find(std::string(wanted));
  const std::string name = alias == impl_->aliases.end() ? std::string(wanted) : alias->second;
  const std::string where = fmt::format("{}: {}", impl_->file.name(), printable(name));
  const auto entry = impl_->header.find(name);
  if (entry == impl_->header.end() || name == "__metadata__")
    throw BadInput(where, "there is no such tensor in the file.");
  const auto tensor = parse_tensor(*entry);
  if (!tensor) fail(where, "its header needs dtype, shape and data_offsets.");
  return read_tensor(impl_->file, kLengthBytes + impl_->length, *tensor, where);
}

}  // namespace thalweg
