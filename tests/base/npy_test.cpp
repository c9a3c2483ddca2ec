#include "base/npy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/npy_bytes.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

NdArray read(const std::string& bytes) {
  std::size_t position = 0;
  const ByteSource source = [&](std::span<std::byte> out) {
    ASSERT_LE(position + out.size(), bytes.size()) << "reads past the announced size";
    std::copy_n(std::as_bytes(std::span(bytes)).begin() + static_cast<std::ptrdiff_t>(position),
                out.size(),
                out.begin());
    position += out.size();
  };
  return read_npy(source, bytes.size(), "data.npz: x");
}

std::string header(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }";
}

TEST(ReadNpy, ReadsEveryVersion) {
  const std::string content = raw<double>({1, 2, 3});
  for (const char major : {1, 2, 3}) {
    EXPECT_THAT(read(npy_bytes(header("<f8", "(3,)"), content, major)).as<double>(),
                ElementsAre(1, 2, 3));
  }
  EXPECT_THAT([&] { read(npy_bytes(header("<f8", "(3,)"), content, 4)); },
              ThrowsMessage<BadInput>(HasSubstr("version 4.0")));
}

TEST(ReadNpy, TakesTheHeaderInAnyOrderAndSpelling) {
  const std::string content = raw<std::int32_t>({7, 8});
  for (const char* const text :
       {"{'shape': (2,), 'fortran_order': False, 'descr': '<i4'}",
        "{\"descr\":\"<i4\",\"fortran_order\":False,\"shape\":(2,)}",
        "{ 'descr' : '<i4' , 'fortran_order' : True , 'shape' : ( 2L , ) , }"}) {
    EXPECT_THAT(read(npy_bytes(text, content)).as<std::int32_t>(), ElementsAre(7, 8)) << text;
  }
}

TEST(ReadNpy, ReadsScalarsAndEmptyArrays) {
  EXPECT_EQ(read(npy_bytes(header("<f4", "()"), raw<float>({2.5F}))), NdArray::scalar(2.5F));
  EXPECT_THAT(read(npy_bytes(header("<f4", "(3, 0)"), "")).shape(), ElementsAre(3, 0));
}

TEST(ReadNpy, WidensTypesWithoutACounterpart) {
  EXPECT_THAT(
      read(npy_bytes(header("<u2", "(2,)"), raw<std::uint16_t>({1, 65535}))).as<std::int32_t>(),
      ElementsAre(1, 65535));
  EXPECT_THAT(read(npy_bytes(header("<u4", "(2,)"), raw<std::uint32_t>({1, 4294967295})))
                  .as<std::int64_t>(),
              ElementsAre(1, 4294967295));
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(
      read(npy_bytes(header("<u8", "(1,)"), raw<std::uint64_t>({kLargest}))).as<std::int64_t>(),
      ElementsAre(std::numeric_limits<std::int64_t>::max()));
  EXPECT_THAT([&] { read(npy_bytes(header("<u8", "(1,)"), raw<std::uint64_t>({kLargest + 1}))); },
              ThrowsMessage<BadInput>(HasSubstr("holds 9223372036854775808, which does not fit")));
}

// IEEE 754 binary16 by its definition, over all values.
TEST(ReadNpy, WidensEveryFloat16) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    halves[i] = static_cast<std::uint16_t>(i);
  }
  const auto array = read(npy_bytes(header("<f2", "(65536,)"), raw(halves)));
  const auto values = array.as<float>();
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const int exponent = static_cast<int>(i >> 10 & 31);
    const double fraction = static_cast<double>(i & 1023) / 1024;
    EXPECT_EQ(std::signbit(values[i]), i >= 32768);
    if (exponent == 31) {
      EXPECT_TRUE(fraction == 0 ? std::isinf(values[i]) : std::isnan(values[i])) << i;
    } else {
      const double expected =
          exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15);
      EXPECT_EQ(std::abs(values[i]), expected) << i;
    }
  }
}

TEST(ReadNpy, TakesAnyByteForABool) {
  EXPECT_THAT(read(npy_bytes(header("|b1", "(3,)"), std::string("\0\x01\x80", 3))).as<bool>(),
              ElementsAre(false, true, true));
}

TEST(ReadNpy, TurnsFortranOrderIntoRowMajor) {
  // The matrix [[0, 1, 2], [10, 11, 12]], column after column.
  const auto matrix =
      read(npy_bytes(header("<i2", "(2, 3)", true), raw<std::int16_t>({0, 10, 1, 11, 2, 12})));
  EXPECT_THAT(matrix.as<std::int16_t>(), ElementsAre(0, 1, 2, 10, 11, 12));

  constexpr std::int64_t kA = 2;
  constexpr std::int64_t kB = 3;
  constexpr std::int64_t kC = 4;
  std::vector<double> columns(kA * kB * kC);
  std::vector<double> rows(kA * kB * kC);
  for (std::int64_t a = 0; a < kA; ++a) {
    for (std::int64_t b = 0; b < kB; ++b) {
      for (std::int64_t c = 0; c < kC; ++c) {
        const auto value = static_cast<double>(100 * a + 10 * b + c);
        columns[static_cast<std::size_t>(a + kA * (b + kB * c))] = value;
        rows[static_cast<std::size_t>((a * kB + b) * kC + c)] = value;
      }
    }
  }
  EXPECT_EQ(read(npy_bytes(header("<f8", "(2, 3, 4)", true), raw(columns))),
            NdArray::of<double>(rows, {2, 3, 4}));
  EXPECT_THAT(read(npy_bytes(header("<f8", "(2, 0, 4)", true), "")).shape(), ElementsAre(2, 0, 4));
}

TEST(ReadNpy, SaysHowToSaveWhatItDoesNotRead) {
  const auto refuses = [](const std::string& descr, const char* remedy) {
    EXPECT_THAT(
        [&] { read(npy_bytes(header(descr, "(1,)"), std::string(8, '\0'))); },
        ThrowsMessage<BadInput>(testing::AllOf(HasSubstr("[data.npz: x]"), HasSubstr(remedy))));
  };
  refuses("|O", "numpy.asarray(x, dtype=float)");
  refuses(">f8", "x.astype('<f8')");
  refuses("<U2", "numpy.unique(x, return_inverse=True)");
  refuses("<c8", "real and the imaginary part");
  refuses("<M8[ns]", "x.astype('int64')");
  refuses("<f16", "x.astype('float64')");
  refuses("", "x.astype('float64')");
  EXPECT_THAT(
      [] {
        read(npy_bytes("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }",
                       std::string(8, '\0')));
      },
      ThrowsMessage<BadInput>(HasSubstr("structured array. Save each field")));
}

TEST(ReadNpy, RefusesHeadersThatMakeNoSense) {
  const std::string good = header("<f8", "(1,)");
  for (const std::string& text :
       {std::string(),
        std::string("{}"),
        std::string("{"),
        std::string("}"),
        std::string("'descr'"),
        std::string("{'descr': '<f8', 'fortran_order': False}"),
        std::string("{'descr': '<f8', 'fortran_order': false, 'shape': (1,)}"),
        std::string("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}"),
        std::string("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}"),
        std::string("{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}"),
        std::string("{'descr': '\\x3cf8', 'fortran_order': False, 'shape': (1,)}"),
        std::string("{'descr': '<f8, 'fortran_order': False, 'shape': (1,)}"),
        std::string("__import__('os').system('true')"),
        header("<f8", "(1)"),
        header("<f8", "1"),
        header("<f8", "(-1,)"),
        header("<f8", "(1,"),
        header("<f8", "(1 1)"),
        header("<f8", "(,)"),
        header("<f8", "(1.0,)"),
        header("<f8", "(0x1,)"),
        header("<f8", "(1,,)"),
        good + "x",
        good + good}) {
    EXPECT_THROW(read(npy_bytes(text, raw<double>({1}))), BadInput) << text;
  }
  EXPECT_NO_THROW(read(npy_bytes(good, raw<double>({1}))));
}

TEST(ReadNpy, RefusesShapesThatDisagreeWithTheSize) {
  EXPECT_THAT(
      [] {
        read(npy_bytes(header("<f8", "(3,)"), raw<double>({1, 2})));
      },
      ThrowsMessage<BadInput>(HasSubstr("takes 24 bytes, but holds 16")));
  EXPECT_THROW(read(npy_bytes(header("<f8", "()"), "")), BadInput);
  EXPECT_THROW(read(npy_bytes(header("<f8", "(0,)"), "x")), BadInput);
}

// Products that wrap to small numbers in 64 bits, and extents hidden behind a zero.
TEST(ReadNpy, RefusesShapesThatOverflow) {
  for (const char* const shape : {"(4294967296, 4294967296)",
                                  "(4294967296, 4294967297, 0)",
                                  "(18446744073709551616,)",
                                  "(18446744073709551617,)",
                                  "(9223372036854775807,)",
                                  "(2305843009213693952, 8)"}) {
    EXPECT_THROW(read(npy_bytes(header("<f8", shape), "")), BadInput) << shape;
    EXPECT_THROW(read(npy_bytes(header("<f8", shape, true), "")), BadInput) << shape;
  }
  std::string many = "(";
  for (int i = 0; i < 65; ++i) {
    many += "1,";
  }
  EXPECT_THROW(read(npy_bytes(header("<f8", many + ")"), raw<double>({1}))), BadInput);
}

TEST(ReadNpy, RefusesWhatIsNoArray) {
  EXPECT_THAT([] { read("some text that is long enough"); },
              ThrowsMessage<BadInput>(HasSubstr("not in the .npy format")));
  const std::string whole = npy_bytes(header("<f8", "(1,)"), raw<double>({1}));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(read(whole.substr(0, length)), BadInput) << length;
  }
}

TEST(NpyHeader, IsWhatNumPyWrites) {
  // numpy.lib.format.write_array of numpy.zeros((3, 4)) in NumPy 1.24, up to the data.
  const std::string expected = std::string("\x93NUMPY\x01\x00\x76\x00", 10) +
                               "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }" +
                               std::string(58, ' ') + "\n";
  EXPECT_EQ(npy_header(NdArray(DType::kFloat64, {3, 4})), expected);
  EXPECT_THAT(npy_header(NdArray(DType::kBool, {5})), HasSubstr("'|b1'"));
  EXPECT_THAT(npy_header(NdArray(DType::kBool, {5})), HasSubstr("(5,)"));
  EXPECT_THAT(npy_header(NdArray(DType::kBool, {})), HasSubstr("'shape': ()"));
  EXPECT_THROW(npy_header(NdArray(DType::kBool, std::vector<std::int64_t>(33, 1))),
               InvalidArgument);
}

}  // namespace
}  // namespace thalweg
