#include "thalweg/base/array_file.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_io.hpp"
#include "base/zip.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/npz.hpp"

namespace thalweg {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

class ArrayFileTest : public ::testing::Test {
 protected:
  std::filesystem::path written(std::string_view content) const {
    return testing::write_text(folder_ / "file", content);
  }
  std::filesystem::path archive(const std::vector<std::string>& members) const {
    const auto file = folder_ / "archive";
    OutputFile output(file, file);
    ZipWriter writer(output);
    for (const auto& member : members) writer.add(member, {}, {});
    writer.finish();
    output.close();
    return file;
  }
  static std::string refusal(const std::filesystem::path& file) {
    return message_of<BadInput>([&] { ArrayFile{file}; });
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ArrayFileTest, TellsTheFormatByTheContent) {
  write_npz(folder_ / "a.safetensors", {{"w", NdArray::scalar<double>(3)}});
  const ArrayFile npz(folder_ / "a.safetensors");
  EXPECT_THAT(npz.names(), ElementsAre("w"));
  EXPECT_EQ(npz.read("w").item<double>(), 3);

  const std::string header = R"({"w":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})";
  const ArrayFile safetensors(testing::write_text(
      folder_ / "b.npz",
      std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header + "\5"));
  EXPECT_TRUE(safetensors.contains("w"));
  EXPECT_FALSE(safetensors.contains("v"));
  EXPECT_EQ(safetensors.read("w").item<std::int8_t>(), 5);
  EXPECT_THAT(message_of<BadInput>([&] { safetensors.read("v"); }), HasSubstr("no array 'v'"));
}

// A header of 0x80 bytes begins like a pickle.
TEST_F(ArrayFileTest, DoesNotTakeALengthForAnotherFormat) {
  std::string header = R"({"w":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})";
  header.resize(0x80, ' ');
  const ArrayFile file(written(std::string("\x80\0\0\0\0\0\0\0", 8) + header + "\5"));
  EXPECT_EQ(file.read("w").item<std::int8_t>(), 5);
}

TEST_F(ArrayFileTest, NamesWhatOtherFilesAreAndHowToConvertThem) {
  EXPECT_THAT(
      refusal(archive({"m/data.pkl", "m/data/0", "m/version"})),
      AllOf(HasSubstr("is a file of torch.save"), HasSubstr("save_file(model.state_dict()")));
  EXPECT_THAT(refusal(archive({"m/data.pkl", "m/constants.pkl", "m/code/m.py"})),
              AllOf(HasSubstr("is a TorchScript module"), HasSubstr("--torchscript")));
  EXPECT_THAT(refusal(written("\x93NUMPY\1")), HasSubstr("numpy.savez(file, weights=array)"));
  EXPECT_THAT(refusal(written("\x80\2ccollections")), HasSubstr("is a Python pickle"));
  EXPECT_THAT(refusal(written("\x89HDF\r\n\x1a\n")), HasSubstr("is an HDF5 file"));
  EXPECT_THAT(refusal(written("\x1F\x8B\x08")), HasSubstr("compressed with gzip"));
  EXPECT_THAT(refusal(written("GGUF\3")), HasSubstr("is a GGUF file"));
  EXPECT_THAT(refusal(written("weights: 1\n")), HasSubstr("not safetensors"));
  EXPECT_THAT(refusal(written("")), HasSubstr("too short for safetensors"));
}

}  // namespace
}  // namespace thalweg
