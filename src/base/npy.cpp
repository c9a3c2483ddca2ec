#include "base/npy.hpp"

#include <bit>
#include <cctype>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are copied as they are");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kPreludeSize = 8;           // magic and version
constexpr std::size_t kLongestHeader = 1U << 20;  // NumPy writes 118 bytes for a plain array
constexpr std::size_t kMostAxes = 64;             // NumPy 2; NumPy 1 stops at 32
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 45;  // 2^48 bytes of the widest type

struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

// Parses the header, a Python dictionary literal of three known keys, without being Python: any
// other expression is refused.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Header parse() {
    expect('{');
    while (!accept('}')) {
      parse_entry();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (position_ != text_.size()) {
      fail("text follows the dictionary");
    }
    if (!descr_ || !fortran_order_ || !shape_) {
      fail("'descr', 'fortran_order' and 'shape' must all be there");
    }
    return {std::move(*descr_), *fortran_order_, std::move(*shape_)};
  }

 private:
  void parse_entry() {
    const std::string key = parse_string();
    expect(':');
    if (key == "descr" && !descr_) {
      descr_ = parse_descr();
    } else if (key == "fortran_order" && !fortran_order_) {
      fortran_order_ = parse_bool();
    } else if (key == "shape" && !shape_) {
      shape_ = parse_shape();
    } else {
      fail("the key '" + key + "' is unknown or repeated");
    }
  }

  std::string parse_descr() {
    if (accept('[')) {
      throw BadInput(where_,
                     "is a structured array. Save each field as an array of its own: "
                     "numpy.savez(file, x=array['x'], ...).");
    }
    return parse_string();
  }

  std::string parse_string() {
    skip_blanks();
    const char quote = position_ < text_.size() ? text_[position_] : '\0';
    const std::size_t end = text_.find(quote, position_ + 1);
    if ((quote != '\'' && quote != '"') || end == std::string_view::npos) {
      fail("a quoted word is missing");
    }
    std::string word(text_.substr(position_ + 1, end - position_ - 1));
    if (word.find('\\') != std::string::npos) {
      fail("a quoted word has an escape");
    }
    position_ = end + 1;
    return word;
  }

  bool parse_bool() {
    skip_blanks();
    for (const auto& [word, value] :
         {std::pair{std::string_view("True"), true}, std::pair{std::string_view("False"), false}}) {
      if (text_.substr(position_, word.size()) == word) {
        position_ += word.size();
        return value;
      }
    }
    fail("'fortran_order' must be True or False");
  }

  // (), (3,) or (3, 4). A comma must follow the only extent of a vector: (3) is not a tuple.
  std::vector<std::int64_t> parse_shape() {
    std::vector<std::int64_t> shape;
    expect('(');
    bool comma = true;
    while (!accept(')')) {
      if (!comma || shape.size() == kMostAxes) {
        fail("'shape' is not a tuple of at most 64 numbers");
      }
      shape.push_back(parse_extent());
      comma = accept(',');
    }
    if (shape.size() == 1 && !comma) {
      fail("'shape' is not a tuple");
    }
    return shape;
  }

  std::int64_t parse_extent() {
    skip_blanks();
    const std::size_t begin = position_;
    std::uint64_t value = 0;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
      value = 10 * value + static_cast<std::uint64_t>(text_[position_] - '0');
      if (value > kMostElements) {
        fail("an extent of 'shape' is too large");
      }
      ++position_;
    }
    if (position_ == begin) {
      fail("an extent of 'shape' is not a number >= 0");
    }
    accept('L');  // Python 2 wrote its long integers so
    return static_cast<std::int64_t>(value);
  }

  void skip_blanks() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) {
      ++position_;
    }
  }

  bool accept(char c) {
    skip_blanks();
    if (position_ < text_.size() && text_[position_] == c) {
      ++position_;
      return true;
    }
    return false;
  }

  void expect(char c) {
    if (!accept(c)) {
      fail(fmt::format("'{}' is missing", c));
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw BadInput(where_,
                   fmt::format("has a .npy header that makes no sense: {} (character {}). Save it "
                               "again with numpy.savez.",
                               what,
                               position_));
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t position_ = 0;
  std::optional<std::string> descr_;
  std::optional<bool> fortran_order_;
  std::optional<std::vector<std::int64_t>> shape_;
};

float half_to_float(std::uint16_t half) {
  const int exponent = (half >> 10) & 0x1F;
  const int fraction = half & 0x3FF;
  float magnitude = 0;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

// How elements of one stored type become elements of an NdArray.
struct ElementType {
  std::string_view code;    // kind and size, as in descr
  DType dtype;              // what they become
  std::size_t stored_size;  // bytes of one element in the file
  bool widened;             // false: the bytes are taken over
};

constexpr ElementType kElementTypes[] = {
    {"b1", DType::kBool, 1, false},
    {"i1", DType::kInt8, 1, false},
    {"u1", DType::kUInt8, 1, false},
    {"i2", DType::kInt16, 2, false},
    {"i4", DType::kInt32, 4, false},
    {"i8", DType::kInt64, 8, false},
    {"f4", DType::kFloat32, 4, false},
    {"f8", DType::kFloat64, 8, false},
    {"f2", DType::kFloat32, 2, true},
    {"u2", DType::kInt32, 2, true},
    {"u4", DType::kInt64, 4, true},
    {"u8", DType::kInt64, 8, true},
};

// What to do about an element type that is not read.
std::string_view remedy_for_kind(char kind) {
  switch (kind) {
    case 'O':
      return "Object arrays hold Python pickles, which are never run. Save plain numbers: "
             "numpy.asarray(x, dtype=float), ragged lists padded or one member each.";
    case 'U':
    case 'S':
    case 'a':
      return "Save text as numbers, for example class labels: numpy.unique(x, "
             "return_inverse=True)[1].";
    case 'c':
      return "Save the real and the imaginary part as two arrays.";
    case 'M':
    case 'm':
      return "Save times as numbers: x.astype('int64').";
    default:
      return "Save it as numbers: x.astype('float64').";
  }
}

ElementType element_type(const std::string& descr, const std::string& where) {
  const std::string_view order_marks = "<>|=";
  const bool marked = !descr.empty() && order_marks.find(descr[0]) != std::string_view::npos;
  const std::string_view code = std::string_view(descr).substr(marked ? 1 : 0);
  for (const ElementType& type : kElementTypes) {
    if (type.code != code) {
      continue;
    }
    if (descr[0] == '>' && type.stored_size > 1) {
      throw BadInput(where,
                     fmt::format("holds big-endian elements ('{}'). Save it in the order of this "
                                 "machine: x.astype('<{}').",
                                 descr,
                                 code));
    }
    return type;
  }
  throw BadInput(where,
                 fmt::format("holds elements of type '{}', which are not read. {}",
                             descr,
                             remedy_for_kind(code.empty() ? '\0' : code[0])));
}

// The number of elements. A zero does not excuse the other extents, as in NdArray.
std::uint64_t element_count(const Header& header, const std::string& where) {
  std::uint64_t nonzero_product = 1;
  bool empty = false;
  for (const std::int64_t signed_extent : header.shape) {
    const auto extent = static_cast<std::uint64_t>(signed_extent);
    if (extent == 0) {
      empty = true;
    } else if (extent > kMostElements / nonzero_product) {
      throw BadInput(
          where,
          fmt::format("claims the shape {}, more than any memory. The archive is damaged; "
                      "save it again.",
                      shape_text(header.shape)));
    } else {
      nonzero_product *= extent;
    }
  }
  return empty ? 0 : nonzero_product;
}

template <typename T>
T load(std::span<const std::byte> bytes, std::size_t index) {
  T value{};
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

template <typename From, typename To, typename Convert>
void convert(std::span<const std::byte> from, std::span<To> to, Convert convert_one) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = convert_one(load<From>(from, i));
  }
}

std::int64_t narrow_uint64(std::uint64_t value, const std::string& where) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw BadInput(where,
                   fmt::format("holds {}, which does not fit in int64. Save it as float64: "
                               "x.astype('float64').",
                               value));
  }
  return static_cast<std::int64_t>(value);
}

void widen(std::span<const std::byte> from,
           std::string_view code,
           NdArray& to,
           const std::string& where) {
  if (code == "f2") {
    convert<std::uint16_t>(from, to.as<float>(), half_to_float);
  } else if (code == "u2") {
    convert<std::uint16_t>(
        from, to.as<std::int32_t>(), [](std::uint16_t x) { return std::int32_t{x}; });
  } else if (code == "u4") {
    convert<std::uint32_t>(
        from, to.as<std::int64_t>(), [](std::uint32_t x) { return std::int64_t{x}; });
  } else {
    convert<std::uint64_t>(
        from, to.as<std::int64_t>(), [&](std::uint64_t x) { return narrow_uint64(x, where); });
  }
}

// A bool of C++ must be 0 or 1; NumPy takes any byte.
void normalise_bools(std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) {
    byte = std::byte{byte != std::byte{0}};
  }
}

NdArray read_elements(const ByteSource& source,
                      const ElementType& type,
                      std::vector<std::int64_t> shape,
                      const std::string& where) {
  NdArray array(type.dtype, std::move(shape));
  if (type.widened) {
    std::vector<std::byte> stored(static_cast<std::size_t>(array.size()) * type.stored_size);
    source(stored);
    widen(stored, type.code, array, where);
  } else {
    source(array.bytes());
  }
  if (type.dtype == DType::kBool) {
    normalise_bools(array.bytes());
  }
  return array;
}

// The array whose axes are those of `array` in the opposite order.
NdArray transposed(const NdArray& array) {
  const std::vector<std::int64_t> shape(array.shape().rbegin(), array.shape().rend());
  NdArray result(array.dtype(), shape);
  const std::size_t item = item_size(array.dtype());

  // strides[a]: bytes in `array` from one element to the next along axis a of `result`.
  std::vector<std::size_t> strides(shape.size());
  std::size_t stride = item;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    strides[axis] = stride;
    stride *= static_cast<std::size_t>(shape[axis]);
  }
  std::vector<std::int64_t> index(shape.size(), 0);
  std::size_t from = 0;
  const std::size_t total = result.bytes().size();
  for (std::size_t to = 0; to < total; to += item) {
    std::memcpy(result.bytes().data() + to, array.bytes().data() + from, item);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) {
        break;
      }
      from -= strides[axis] * static_cast<std::size_t>(shape[axis]);
      index[axis] = 0;
    }
  }
  return result;
}

// Reads the next bytes as text and counts them off `left`.
std::string take(const ByteSource& source,
                 std::size_t count,
                 std::uint64_t& left,
                 const std::string& where) {
  if (count > left) {
    throw BadInput(where, "is too short to be an array. Save it again with numpy.savez.");
  }
  left -= count;
  std::string text(count, '\0');
  source(std::as_writable_bytes(std::span(text)));
  return text;
}

std::size_t little_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::string take_header_text(const ByteSource& source,
                             std::uint64_t& left,
                             const std::string& where) {
  const std::string prelude = take(source, kPreludeSize, left, where);
  if (prelude.substr(0, kMagic.size()) != kMagic) {
    throw BadInput(where, "is not in the .npy format. Save arrays only, with numpy.savez.");
  }
  const int major = static_cast<unsigned char>(prelude[6]);
  const int minor = static_cast<unsigned char>(prelude[7]);
  if (major < 1 || major > 3 || minor != 0) {
    throw BadInput(
        where,
        fmt::format("is in version {}.{} of the .npy format; versions 1.0, 2.0 and 3.0 are "
                    "read. Save it with another version of NumPy.",
                    major,
                    minor));
  }
  const std::size_t length = little_endian(take(source, major == 1 ? 2 : 4, left, where));
  if (length > kLongestHeader) {
    throw BadInput(
        where,
        fmt::format("claims a header of {} bytes. The archive is damaged; save it again.", length));
  }
  return take(source, length, left, where);
}

std::string_view descr_of(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "|b1";
    case DType::kInt8:
      return "|i1";
    case DType::kUInt8:
      return "|u1";
    case DType::kInt16:
      return "<i2";
    case DType::kInt32:
      return "<i4";
    case DType::kInt64:
      return "<i8";
    case DType::kFloat32:
      return "<f4";
    case DType::kFloat64:
      return "<f8";
  }
  throw InternalError("npy_header", fmt::format("no such dtype: {}.", static_cast<int>(dtype)));
}

}  // namespace

NdArray read_npy(const ByteSource& source, std::uint64_t size, const std::string& where) {
  std::uint64_t left = size;
  const std::string text = take_header_text(source, left, where);
  const Header header = HeaderParser(text, where).parse();
  const ElementType type = element_type(header.descr, where);
  const std::uint64_t expected = element_count(header, where) * type.stored_size;
  if (expected != left) {
    throw BadInput(where,
                   fmt::format("claims shape {} of '{}', which takes {} bytes, but holds {}. The "
                               "archive is damaged; save it again.",
                               shape_text(header.shape),
                               header.descr,
                               expected,
                               left));
  }
  if (!header.fortran_order || header.shape.size() < 2) {
    return read_elements(source, type, header.shape, where);
  }
  return transposed(
      read_elements(source, type, {header.shape.rbegin(), header.shape.rend()}, where));
}

std::string npy_header(const NdArray& array) {
  constexpr std::size_t kMostAxesWritten = 32;  // so that NumPy 1 reads it
  if (array.shape().size() > kMostAxesWritten) {
    throw InvalidArgument(
        "npy_header",
        fmt::format("NumPy takes at most 32 axes; the array has {}.", array.shape().size()));
  }
  constexpr std::size_t kAlignment = 64;
  constexpr std::size_t kBeforeText = kPreludeSize + 2;
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                 descr_of(array.dtype()),
                                 fmt::join(array.shape(), ", "),
                                 array.rank() == 1 ? "," : "");
  const std::size_t unpadded = kBeforeText + text.size() + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  text += '\n';
  std::string header(kMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 0xFF);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace thalweg
