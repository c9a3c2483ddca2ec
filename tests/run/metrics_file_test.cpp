// The file itself: what other programs need of it, and what we refuse.

#include <cmath>
#include <functional>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include "run/hdf5.hpp"
#include "run/seal.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::run {
namespace {

namespace fs = std::filesystem;

using hdf5::check;
using hdf5::Handle;
using ::testing::HasSubstr;
using testing::message_of;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

class MetricsFileTest : public ::testing::Test {
 protected:
  fs::path file() const { return folder_.path() / "metrics.h5"; }

  /// A small plain series and two compressed ones, of values that compress well: a small file.
  void write_valid() const {
    Recorder recorder(file());
    recorder.declare("central/loss", "nats", "training loss");
    recorder.declare("central/eig/values", "1", "eigenvalues", true);
    recorder.declare("discrete/loss", "nats", "training loss");
    for (int t = 0; t < 9000; ++t) {
      if (t < 50) recorder.record("central/loss", t, std::exp(-t));
      recorder.record("central/eig/values", t, std::vector<double>{1.0 * (t % 4), 2.0});
      recorder.record("discrete/loss", t, 0.5 * (t % 3));
    }
    recorder.write_snapshot();
  }
  std::string refusal() const {
    return message_of<BadInput>([&] { read_metrics(file()); });
  }

  TemporaryFolder folder_;
};

// ------------------------------------------------------------------ what MATLAB and h5py need

TEST_F(MetricsFileTest, HasAnOldSuperblock) {
  write_valid();
  const std::string bytes = read_text(file());
  ASSERT_GT(bytes.size(), 8u);
  EXPECT_LE(bytes[8], 2);  // version 3 is unknown to MATLAB before R2015a and to HDF5 1.8
}

herr_t expect_readable_by_matlab(hid_t, const char* name, const H5O_info_t* info, void* file) {
  if (info->type != H5O_TYPE_DATASET) return 0;
  SCOPED_TRACE(name);
  const Handle dataset(H5Dopen2(*static_cast<hid_t*>(file), name, H5P_DEFAULT), H5Dclose);
  const Handle type(H5Dget_type(dataset), H5Tclose);
  EXPECT_GT(H5Tequal(type, H5T_IEEE_F64LE), 0);
  const Handle properties(H5Dget_create_plist(dataset), H5Pclose);
  for (int i = 0; i < H5Pget_nfilters(properties); ++i) {
    const auto filter = H5Pget_filter2(
        properties, static_cast<unsigned>(i), nullptr, nullptr, nullptr, 0, nullptr, nullptr);
    EXPECT_TRUE(filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE) << filter;
  }
  for (const char* attribute_name : {"unit", "description"}) {
    const Handle attribute(H5Aopen(dataset, attribute_name, H5P_DEFAULT), H5Aclose);
    const Handle text(H5Aget_type(attribute), H5Tclose);
    EXPECT_EQ(H5Tget_class(text), H5T_STRING);
    EXPECT_EQ(H5Tis_variable_str(text), 0);
    EXPECT_EQ(H5Tget_strpad(text), H5T_STR_NULLPAD);
  }
  return 0;
}

TEST_F(MetricsFileTest, HoldsOnlyWhatMatlabReads) {
  write_valid();
  const Handle opened(H5Fopen(file().c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  hid_t id = opened;
  check(H5Ovisit2(
      opened, H5_INDEX_NAME, H5_ITER_INC, expect_readable_by_matlab, &id, H5O_INFO_BASIC));
}

TEST_F(MetricsFileTest, CompressesLongSeries) {
  Recorder recorder(file());
  recorder.declare("a/constant", "1", "");
  for (int t = 0; t < 100000; ++t) recorder.record("a/constant", t, 1.0);
  recorder.write_snapshot();
  EXPECT_LT(fs::file_size(file()), 100000u);
}

// ------------------------------------------------------------------ damaged files

TEST_F(MetricsFileTest, RefusesEveryKindOfTruncation) {
  write_valid();
  const std::string whole = read_text(file());
  for (std::size_t size = 0; size < whole.size(); size += size < 128 ? 1 : 53) {
    write_text(file(), whole.substr(0, size));
    ASSERT_THAT(refusal(), HasSubstr("metrics.h5")) << size;
  }
  write_text(file(), whole.substr(0, whole.size() - 1));
  EXPECT_THAT(refusal(), HasSubstr("cut off"));
}

TEST_F(MetricsFileTest, RefusesOtherFiles) {
  write_text(file(), "step,loss\n0,1\n");
  EXPECT_THAT(refusal(), HasSubstr("no metrics file"));
  write_text(file(), std::string(100000, '\0'));
  EXPECT_THAT(refusal(), HasSubstr("no metrics file"));
  fs::remove(file());
  EXPECT_THAT(refusal(), HasSubstr("metrics.h5"));
  fs::create_directory(file());
  EXPECT_THAT(refusal(), HasSubstr("metrics.h5"));
}

TEST_F(MetricsFileTest, RefusesEveryChangedByte) {
  write_valid();
  const std::string whole = read_text(file());
  for (std::size_t i = 0; i < whole.size(); i += 37) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    write_text(file(), changed);
    ASSERT_THAT(refusal(), HasSubstr("checksum")) << i;
  }
}

// ------------------------------------------------------------------ files that lie

class HostileFileTest : public MetricsFileTest {
 protected:
  void SetUp() override {
    write_valid();
    session_.emplace();
  }

  /// Adds to the valid file by `change`, then reads it.
  std::string refusal_after(const std::function<void(hid_t)>& change) {
    {
      const Handle opened(H5Fopen(file().c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
      change(opened);
    }
    const std::string content = read_text(file());  // HDF5 has cut the old seal off
    write_text(file(), content + seal_of(content));
    session_.reset();
    return refusal();
  }

  struct DatasetOptions {
    std::vector<hsize_t> dims = {4};
    std::vector<hsize_t> largest = {};  ///< what the dataset may grow to; empty: it cannot
    hid_t type = H5T_IEEE_F64LE;
    bool with_text = true;
    std::function<void(hid_t)> layout = [](hid_t) {};
  };
  static void add_dataset(hid_t file, const DatasetOptions& options) {
    const auto& dims = options.dims;
    const Handle space(H5Screate_simple(static_cast<int>(dims.size()),
                                        dims.data(),
                                        options.largest.empty() ? nullptr : options.largest.data()),
                       H5Sclose);
    const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    options.layout(properties);
    const Handle dataset(
        H5Dcreate2(file, "bad", options.type, space, H5P_DEFAULT, properties, H5P_DEFAULT),
        H5Dclose);
    if (!options.with_text) return;
    for (const char* name : {"unit", "description"}) add_text(dataset, name, H5T_C_S1);
  }
  static void add_text(hid_t object, const char* name, hid_t type) {
    const Handle scalar(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle attribute(H5Acreate2(object, name, type, scalar, H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
    check(H5Awrite(attribute, type, "x"));
  }

 private:
  std::optional<hdf5::Session> session_;
};

TEST_F(HostileFileTest, AHarmlessAdditionIsRead) {
  EXPECT_EQ(refusal_after([](hid_t file) { add_dataset(file, {.dims = {0}}); }), "");
}

TEST_F(HostileFileTest, RefusesAnotherFormat) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                check(H5Adelete(file, "format"));
                add_text(file, "format", H5T_C_S1);
              }),
              HasSubstr("its format is 'x'"));
}

TEST_F(HostileFileTest, RefusesAMissingFormat) {
  EXPECT_THAT(refusal_after([](hid_t file) { check(H5Adelete(file, "format")); }),
              HasSubstr("'format' is missing"));
}

TEST_F(HostileFileTest, RefusesMissingAttributes) {
  EXPECT_THAT(
      refusal_after([](hid_t file) { add_dataset(file, {.dims = {0}, .with_text = false}); }),
      HasSubstr("'unit' is missing"));
}

TEST_F(HostileFileTest, RefusesAttributesThatAreNoText) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                const Handle object(H5Dopen2(file, "central/loss", H5P_DEFAULT), H5Dclose);
                check(H5Adelete(object, "unit"));
                add_text(object, "unit", H5T_NATIVE_CHAR);
              }),
              HasSubstr("'unit' is no text of fixed length"));
}

TEST_F(HostileFileTest, RefusesOtherTypesAndRanks) {
  EXPECT_THAT(refusal_after([](hid_t file) { add_dataset(file, {.type = H5T_IEEE_F32LE}); }),
              HasSubstr("no float64 series"));
  EXPECT_THAT(refusal(), HasSubstr("'bad'"));
}

TEST_F(HostileFileTest, RefusesThreeDimensions) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                add_dataset(file, {.dims = {1, 2, 3}});
              }),
              HasSubstr("no float64 series"));
}

TEST_F(HostileFileTest, RefusesShapesLargerThanTheFile) {
  for (const hsize_t rows : {hsize_t{1} << 40, hsize_t{1} << 61}) {
    EXPECT_THAT(refusal_after([&](hid_t file) {
                  if (H5Lexists(file, "bad", H5P_DEFAULT) > 0) {
                    check(H5Ldelete(file, "bad", H5P_DEFAULT));
                  }
                  add_dataset(file, {.dims = {rows, 2}, .layout = [](hid_t properties) {
                                       const hsize_t chunk[] = {1, 2};
                                       check(H5Pset_chunk(properties, 2, chunk));
                                     }});
                }),
                HasSubstr("claims more values"));
  }
}

TEST_F(HostileFileTest, RefusesAPlainSeriesWithoutValues) {
  EXPECT_THAT(refusal_after([](hid_t file) { add_dataset(file, {.dims = {400}}); }),
              HasSubstr("fewer values"));
}

TEST_F(HostileFileTest, RefusesLargeChunks) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                add_dataset(file,
                            {.dims = {4, 4},
                             .largest = {H5S_UNLIMITED, H5S_UNLIMITED},
                             .layout = [](hid_t properties) {
                               const hsize_t chunk[] = {1 << 14, 1 << 14};
                               check(H5Pset_chunk(properties, 2, chunk));
                               check(H5Pset_deflate(properties, 1));
                             }});
              }),
              HasSubstr("larger than"));
}

TEST_F(HostileFileTest, RefusesOtherFilters) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                add_dataset(file, {.layout = [](hid_t properties) {
                              const hsize_t chunk[] = {4};
                              check(H5Pset_chunk(properties, 1, chunk));
                              check(H5Pset_fletcher32(properties));
                            }});
              }),
              HasSubstr("unknown method"));
}

TEST_F(HostileFileTest, RefusesValuesInOtherFiles) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                add_dataset(file, {.layout = [](hid_t properties) {
                              check(H5Pset_external(properties, "/etc/passwd", 0, 32));
                            }});
              }),
              HasSubstr("another file"));
}

TEST_F(HostileFileTest, RefusesLinks) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                check(H5Lcreate_external("/etc/hosts", "/", file, "bad", H5P_DEFAULT, H5P_DEFAULT));
              }),
              HasSubstr("'bad' is a link"));
}

TEST_F(HostileFileTest, RefusesSoftLinks) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                check(H5Lcreate_soft("/central/loss", file, "bad", H5P_DEFAULT, H5P_DEFAULT));
              }),
              HasSubstr("'bad' is a link"));
}

TEST_F(HostileFileTest, RefusesCycles) {
  EXPECT_THAT(
      refusal_after([](hid_t file) {
        check(H5Lcreate_hard(file, "/central", file, "/central/again", H5P_DEFAULT, H5P_DEFAULT));
      }),
      HasSubstr("'again' is a link"));
}

TEST_F(HostileFileTest, RefusesDeepGroups) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                std::string path;
                for (int i = 0; i < 100; ++i) {
                  path += "/g";
                  const Handle group(
                      H5Gcreate2(file, path.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                      H5Gclose);
                }
              }),
              HasSubstr("nested too deeply"));
}

TEST_F(HostileFileTest, RefusesNamedTypes) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                const Handle type(H5Tcopy(H5T_NATIVE_INT), H5Tclose);
                check(H5Tcommit2(file, "bad", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
              }),
              HasSubstr("'bad' is no series"));
}

}  // namespace
}  // namespace thalweg::run
