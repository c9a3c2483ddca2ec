#include "thalweg/base/safetensors.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/npz.hpp"

namespace thalweg {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::string with_length(std::uint64_t length, const std::string& rest) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i));
  return bytes + rest;
}

class Safetensors : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& header, std::string_view data) const {
    return testing::write_text(folder_ / "w.safetensors",
                               with_length(header.size(), header + std::string(data)));
  }
  NamedArrays read(const std::string& header, std::string_view data) const {
    const SafetensorsFile content(file(header, data));
    NamedArrays arrays;
    for (const std::string& name : content.names()) arrays.emplace(name, content.read(name));
    return arrays;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(Safetensors, ReadsNamesShapesAndValues) {
  const auto arrays = read(
      R"({"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
      R"("step":{"dtype":"I64","shape":[],"data_offsets":[8,16]}})",
      std::string_view("\0\0\x80\x3f\0\0\0\xc0\7\0\0\0\0\0\0\0", 16));
  EXPECT_EQ(arrays.size(), 2U);
  EXPECT_THAT(arrays.at("a.weight").shape(), ElementsAre(1, 2));
  EXPECT_THAT(arrays.at("a.weight").as<float>(), ElementsAre(1, -2));
  EXPECT_EQ(arrays.at("step").item<std::int64_t>(), 7);
}

TEST_F(Safetensors, WidensSixteenBitFloats) {
  // 1, -2, 2^-24 (the smallest half), infinity; and 1, -2 as bfloat16
  const auto arrays = read(R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},)"
                           R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]}})",
                           std::string_view("\0\x3c\0\xc0\1\0\0\x7c\x80\x3f\0\xc0", 12));
  EXPECT_THAT(arrays.at("h").as<float>(), ElementsAre(1, -2, std::ldexp(1.F, -24), INFINITY));
  EXPECT_THAT(arrays.at("b").as<float>(), ElementsAre(1, -2));
}

/// What safetensors.torch.save_model writes of tied weights.
TEST_F(Safetensors, FollowsTheAliasesOfTiedTensors) {
  const auto arrays =
      read(R"({"__metadata__":{"format":"pt","head":"embedding","embedding":"head"},)"
           R"("embedding":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}})",
           "\1\2");
  EXPECT_EQ(arrays.size(), 2U);
  EXPECT_EQ(arrays.at("head"), arrays.at("embedding"));
}

TEST_F(Safetensors, DoesNotLookAtTensorsThatNobodyWants) {
  const SafetensorsFile content(file(R"({"w":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},)"
                                     R"("a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]},)"
                                     R"("b":{"dtype":"U16","shape":[1],"data_offsets":[0,2]},)"
                                     R"("c":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}})",
                                     "\7"));
  EXPECT_THAT(content.names(), ElementsAre("w", "a", "b", "c"));
  EXPECT_THAT(content.read("w").as<std::int8_t>(), ElementsAre(7));
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_THROW(content.read(name), BadInput) << name;
}

TEST_F(Safetensors, RefusesHeadersThatDoNotFitTheFile) {
  const std::string_view data("\0\0\0\0\0\0\0\0", 8);
  const auto tensor =
      [](const std::string& dtype, const std::string& shape, const std::string& place) {
        return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
               place + "}}";
      };
  for (const std::string& header : {tensor("F32", "[2]", "[0,16]"),
                                    tensor("F32", "[3]", "[0,8]"),
                                    tensor("F32", "[2]", "[8,0]"),
                                    tensor("F32", "[4611686018427387904,4]", "[0,0]"),
                                    tensor("F32", "[18446744073709551615]", "[0,8]"),
                                    tensor("F32", "[-2]", "[0,8]"),
                                    tensor("F32", "2", "[0,8]"),
                                    tensor("U64", "[1]", "[0,8]"),
                                    std::string(R"({"w":3})"),
                                    std::string("[1]"),
                                    std::string("{\"w")}) {
    EXPECT_THAT([&] { read(header, data); }, ThrowsMessage<BadInput>(HasSubstr("w.safetensors")))
        << header;
  }
}

TEST_F(Safetensors, RefusesWhatIsNotSafetensors) {
  for (const std::string& bytes :
       {std::string(), std::string("abc"), with_length(1ULL << 60, "{}"), with_length(50, "{}")}) {
    const auto path = testing::write_text(folder_ / "x.safetensors", bytes);
    EXPECT_THAT([&] { SafetensorsFile{path}; },
                ThrowsMessage<BadInput>(AllOf(HasSubstr("x.safetensors"), HasSubstr("save_file"))));
  }
}

}  // namespace
}  // namespace thalweg
