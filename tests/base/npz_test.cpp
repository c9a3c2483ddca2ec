#include "thalweg/base/npz.hpp"

#include <cstdlib>
#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/npy_bytes.hpp"
#include "base/zip_bytes.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using testing::TemporaryFolder;

template <typename T>
NdArray extremes() {
  const std::vector<T> values = {
      std::numeric_limits<T>::lowest(), 0, 1, std::numeric_limits<T>::max()};
  return NdArray::of<T>(values, {2, 2});
}

NamedArrays every_dtype() {
  NamedArrays arrays;
  arrays["int8"] = extremes<std::int8_t>();
  arrays["uint8"] = extremes<std::uint8_t>();
  arrays["int16"] = extremes<std::int16_t>();
  arrays["int32"] = extremes<std::int32_t>();
  arrays["int64"] = extremes<std::int64_t>();
  arrays["float32"] = extremes<float>();
  arrays["float64"] = extremes<double>();
  arrays["bool"] =
      NdArray::of<std::uint8_t>(std::vector<std::uint8_t>{1, 0, 1}, {3}).to(DType::kBool);
  arrays["scalar"] = NdArray::scalar(-0.0);
  arrays["empty"] = NdArray(DType::kFloat32, {3, 0, 2});
  arrays["text with spaces/ä"] = NdArray::text("ok");
  return arrays;
}

constexpr const char* kSmallHeader = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }";

// One stored and one deflated member, by hand.
std::string small_archive() {
  const std::string content = npy_bytes(kSmallHeader, raw<std::int32_t>({7, -8}));
  return zip_bytes({{.name = "a.npy", .content = content},
                    {.name = "b.npy", .content = content, .deflate = true}});
}

class NpzTest : public ::testing::Test {
 protected:
  NamedArrays read(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary) << bytes;  // thousands of them: no sync
    return read_npz(file_);
  }
  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "data.npz";
};

TEST_F(NpzTest, ReadsBackWhatItWrites) {
  write_npz(file_, every_dtype());
  EXPECT_EQ(read_npz(file_), every_dtype());
  write_npz(file_, {});
  EXPECT_EQ(read_npz(file_), NamedArrays{});
}

TEST_F(NpzTest, EqualArraysGiveEqualFiles) {
  write_npz(file_, every_dtype());
  write_npz(folder_ / "again.npz", every_dtype());
  EXPECT_EQ(read_file(file_), read_file(folder_ / "again.npz"));
}

TEST_F(NpzTest, ReadsStoredAndDeflatedMembers) {
  const auto expected = NdArray::of<std::int32_t>(std::vector<std::int32_t>{7, -8}, {2});
  EXPECT_EQ(read(small_archive()), (NamedArrays{{"a", expected}, {"b", expected}}));
}

TEST_F(NpzTest, RefusesEveryTruncation) {
  const std::string whole = small_archive();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(read(whole.substr(0, length)), BadInput) << "first " << length << " bytes";
  }
}

// A flipped bit either does not matter (dates, attributes) or is found.
TEST_F(NpzTest, NoDamagedByteChangesWhatIsRead) {
  const std::string whole = small_archive();
  const NamedArrays expected = read(whole);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int mask : {0x01, 0x80, 0xFF}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      try {
        EXPECT_EQ(read(damaged), expected) << "byte " << i << " mask " << mask;
      } catch (const BadInput&) {
      }
    }
  }
}

TEST_F(NpzTest, NamesFileMemberAndRemedy) {
  const std::string object = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
  EXPECT_THAT(
      [&] { read(zip_bytes({{.name = "words.npy", .content = npy_bytes(object, "pickle")}})); },
      ThrowsMessage<BadInput>(::testing::AllOf(HasSubstr("data.npz: words]"),
                                             HasSubstr("Object arrays hold Python pickles"))));
  EXPECT_THAT([&] { read(zip_bytes({{.name = "read\nme.txt", .content = "hello"}})); },
              ThrowsMessage<BadInput>(HasSubstr("member 'read?me.txt' is not an array")));
  EXPECT_THAT(
      [&] {
        read(npy_bytes(kSmallHeader, raw<std::int32_t>({7, -8})));
      },
      ThrowsMessage<BadInput>(HasSubstr("numpy.savez")));
  EXPECT_THAT([&] { read_npz(folder_ / "none.npz"); },
              ThrowsMessage<BadInput>(HasSubstr("none.npz] cannot be opened")));
}

TEST_F(NpzTest, RefusesShapesLargerThanTheMember) {
  const std::string bomb = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,), }";
  EXPECT_THAT([&] { read(zip_bytes({{.name = "x.npy", .content = npy_bytes(bomb, "")}})); },
              ThrowsMessage<BadInput>(HasSubstr("takes 8000000000 bytes, but holds 0")));
}

TEST_F(NpzTest, WriteNamesTheFileItCannotWrite) {
  EXPECT_THAT([&] { write_npz(folder_ / "missing/data.npz", every_dtype()); },
              ThrowsMessage<RunFailed>(HasSubstr("missing/data.npz] cannot be created")));
}

class NumPyTest : public NpzTest {
 protected:
  void SetUp() override {
    if (python("import numpy") != 0) {
      GTEST_SKIP() << "python3 with numpy is not installed";
    }
  }

  // Runs a script with the archive's name in `file`.
  int python(const std::string& script) const {
    const auto path = folder_ / "script.py";
    write_atomically(path, "file = '" + file_.string() + "'\n" + script);
    return std::system(("/usr/bin/python3 " + path.string()).c_str());
  }
};

TEST_F(NumPyTest, ReadsWhatWeWrite) {
  write_npz(file_, every_dtype());
  EXPECT_EQ(python(R"(
import numpy
data = numpy.load(file)
for name in ['int8', 'uint8', 'int16', 'int32', 'int64']:
    limits = numpy.iinfo(name)
    expected = numpy.array([[limits.min, 0], [1, limits.max]], dtype=name)
    assert data[name].dtype == name and (data[name] == expected).all(), name
for name in ['float32', 'float64']:
    limits = numpy.finfo(name)
    expected = numpy.array([[limits.min, 0], [1, limits.max]], dtype=name)
    assert data[name].dtype == name and (data[name] == expected).all(), name
assert data['bool'].dtype == bool and data['bool'].tolist() == [True, False, True]
assert data['scalar'].shape == () and numpy.signbit(data['scalar'])
assert data['empty'].shape == (3, 0, 2) and data['empty'].dtype == 'float32'
assert bytes(data['text with spaces/ä']) == b'ok'
assert len(data.files) == 11
)"),
            0);
}

TEST_F(NumPyTest, WritesWhatWeRead) {
  for (const char* const save : {"savez", "savez_compressed"}) {
    ASSERT_EQ(python(std::string(R"(
import numpy
arrays = {name: numpy.array([[1, 2, 3], [4, 5, 6]], dtype=name) for name in
          ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64',
           'float16', 'float32', 'float64']}
arrays['bool'] = numpy.array([[True, False, True]])
arrays['fortran'] = numpy.asfortranarray(numpy.arange(24.).reshape(2, 3, 4))
arrays['large'] = numpy.arange(300000)
numpy.)") + save + "(file, **arrays)\n"),
              0);
    const NamedArrays arrays = read_npz(file_);
    const std::vector<double> values = {1, 2, 3, 4, 5, 6};
    const auto expected = NdArray::of<double>(values, {2, 3});
    for (const auto& [name, dtype] : std::map<std::string, DType>{{"int8", DType::kInt8},
                                                                  {"uint8", DType::kUInt8},
                                                                  {"int16", DType::kInt16},
                                                                  {"uint16", DType::kInt32},
                                                                  {"int32", DType::kInt32},
                                                                  {"uint32", DType::kInt64},
                                                                  {"int64", DType::kInt64},
                                                                  {"uint64", DType::kInt64},
                                                                  {"float16", DType::kFloat32},
                                                                  {"float32", DType::kFloat32},
                                                                  {"float64", DType::kFloat64}}) {
      EXPECT_EQ(arrays.at(name), expected.to(dtype)) << save << " " << name;
    }
    EXPECT_THAT(arrays.at("bool").as<bool>(), ::testing::ElementsAre(true, false, true));
    const NdArray& fortran = arrays.at("fortran");
    for (std::int64_t i = 0; i < fortran.size(); ++i) {
      EXPECT_EQ(fortran.as<double>()[static_cast<std::size_t>(i)], static_cast<double>(i));
    }
    EXPECT_EQ(arrays.at("large").as<std::int64_t>()[299'999], 299'999);
  }
}

TEST_F(NumPyTest, WritesObjectAndForeignArraysThatWeRefuse) {
  ASSERT_EQ(python("import numpy\n"
                   "numpy.savez(file, ragged=numpy.array([[1], [2, 3]], dtype=object))\n"),
            0);
  EXPECT_THAT([&] { read_npz(file_); }, ThrowsMessage<BadInput>(HasSubstr("data.npz: ragged]")));
  ASSERT_EQ(python("import numpy\nnumpy.savez(file, x=numpy.zeros(3, dtype='>f4'))\n"), 0);
  EXPECT_THAT([&] { read_npz(file_); }, ThrowsMessage<BadInput>(HasSubstr("x.astype('<f4')")));
}

}  // namespace
}  // namespace thalweg
