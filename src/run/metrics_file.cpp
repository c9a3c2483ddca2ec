// The file format of metrics.h5: read_metrics and write_metrics.
//
// Both work on an image of the file in memory (HDF5's core driver): the disk sees one plain write,
// so a full disk cannot leave HDF5 with a file that it fails to close, and reading takes no lock on
// network disks.

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "run/hdf5.hpp"
#include "run/seal.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/run/recorder.hpp"

namespace thalweg::run {
namespace {

using hdf5::check;
using hdf5::Handle;

using SeriesMap = std::map<std::string, Series, std::less<>>;

constexpr std::string_view kFormat = "thalweg metrics 1";

constexpr std::int64_t kGrowth = 1 << 20;     // bytes, steps of the image in memory
constexpr std::int64_t kCompressFrom = 8192;  // values; smaller series are stored plainly
constexpr hsize_t kChunk = 32768;             // values
constexpr unsigned kDeflateLevel = 1;
constexpr std::int64_t kLargestDeflateRatio = 1032;         // zlib's manual: 1032 bytes from one
constexpr std::size_t kLongestText = std::size_t{1} << 16;  // HDF5's limit for an attribute
constexpr int kDeepestGroup = 32;

// ------------------------------------------------------------------ writing

Handle file_properties() {
  Handle properties(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  check(H5Pset_fapl_core(properties, kGrowth, /*backing_store=*/0));
  // The oldest layout that holds our data: MATLAB and old HDF5 read it.
  check(H5Pset_libver_bounds(properties, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18));
  return properties;
}

/// Fixed-length, padded with zeros: MATLAB reads no variable-length UTF-8 attributes before R2020b.
Handle text_type(std::size_t size) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  check(H5Tset_size(type, std::max<std::size_t>(size, 1)));
  check(H5Tset_strpad(type, H5T_STR_NULLPAD));
  check(H5Tset_cset(type, H5T_CSET_UTF8));
  return type;
}

void write_text(hid_t object, const char* name, std::string_view text) {
  const Handle type = text_type(text.size());
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const std::string padded = text.empty() ? std::string(1, '\0') : std::string(text);
  check(H5Awrite(attribute, type, padded.data()));
}

std::vector<hsize_t> extents(const Series& series) {
  std::vector<hsize_t> dims = {static_cast<hsize_t>(series.rows)};
  if (series.matrix) dims.push_back(static_cast<hsize_t>(series.columns));
  return dims;
}

Handle dataset_properties(const std::vector<hsize_t>& dims, std::size_t values) {
  Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  check(H5Pset_obj_track_times(properties, false));  // equal series give equal bytes
  if (values < static_cast<std::size_t>(kCompressFrom)) return properties;
  std::vector<hsize_t> chunk = dims;
  if (dims.size() == 2) chunk[1] = std::min(dims[1], kChunk);
  const hsize_t row = dims.size() == 2 ? chunk[1] : 1;
  chunk[0] = std::min(dims[0], std::max<hsize_t>(kChunk / row, 1));
  check(H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data()));
  check(H5Pset_shuffle(properties));
  check(H5Pset_deflate(properties, kDeflateLevel));
  return properties;
}

void write_series(hid_t file, const std::string& path, const Series& series) {
  const auto dims = extents(series);
  const Handle space(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
                     H5Sclose);
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  check(H5Pset_create_intermediate_group(links, 1));
  const Handle layout = dataset_properties(dims, series.values.size());
  const Handle dataset(
      H5Dcreate2(file, path.c_str(), H5T_IEEE_F64LE, space, links, layout, H5P_DEFAULT), H5Dclose);
  if (!series.values.empty()) {
    check(
        H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, series.values.data()));
  }
  write_text(dataset, "unit", series.unit);
  write_text(dataset, "description", series.description);
}

std::string image_of(const SeriesMap& series) {
  const hdf5::Session session;
  const Handle properties = file_properties();
  const Handle file(H5Fcreate("metrics", H5F_ACC_TRUNC, H5P_DEFAULT, properties), H5Fclose);
  write_text(file, "format", kFormat);
  for (const auto& [path, one] : series) write_series(file, path, one);
  check(H5Fflush(file, H5F_SCOPE_GLOBAL));
  std::string image(static_cast<std::size_t>(check(H5Fget_file_image(file, nullptr, 0))), '\0');
  check(H5Fget_file_image(file, image.data(), image.size()));
  return image;
}

// ------------------------------------------------------------------ reading

/// Reads one image. Failures are thrown as hdf5::Failure; read_metrics adds the name of the file.
class MetricsReader {
 public:
  explicit MetricsReader(std::string_view image) : image_size_(std::ssize(image)) {
    const Handle properties = file_properties();
    // HDF5 copies the buffer; the parameter is not const because it can be told not to.
    check(H5Pset_file_image(properties, const_cast<char*>(image.data()), image.size()));
    const Handle file(H5Fopen("metrics", H5F_ACC_RDONLY, properties), H5Fclose);
    const std::string format = read_text(file, "format");
    if (format != kFormat) {
      throw hdf5::Failure(fmt::format("its format is '{}', not '{}'", format, kFormat));
    }
    const Handle root(H5Gopen2(file, "/", H5P_DEFAULT), H5Gclose);
    read_group(root, "", 0);
  }

  SeriesMap take() { return std::move(series_); }

 private:
  static std::string read_text(hid_t object, const char* name) {
    if (check(H5Aexists(object, name)) == 0) {
      throw hdf5::Failure(fmt::format("the attribute '{}' is missing", name));
    }
    const Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
    const Handle type(H5Aget_type(attribute), H5Tclose);
    const Handle space(H5Aget_space(attribute), H5Sclose);
    const std::size_t size = H5Tget_size(type);
    if (H5Tget_class(type) != H5T_STRING || check(H5Tis_variable_str(type)) > 0 || size == 0 ||
        size > kLongestText || H5Sget_simple_extent_npoints(space) != 1) {
      throw hdf5::Failure(fmt::format("the attribute '{}' is no text of fixed length", name));
    }
    std::string text(size, '\0');
    check(H5Aread(attribute, type, text.data()));
    return text.substr(0, text.find('\0'));
  }

  void read_group(hid_t group, const std::string& prefix, int depth) {
    if (depth > kDeepestGroup) throw hdf5::Failure("groups are nested too deeply");
    H5G_info_t info = {};
    check(H5Gget_info(group, &info));
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      const std::string name = link_name(group, i);
      check_link(group, name);
      const Handle object(H5Oopen(group, name.c_str(), H5P_DEFAULT), H5Oclose);
      switch (H5Iget_type(object)) {
        case H5I_GROUP:
          read_group(object, prefix + name + "/", depth + 1);
          break;
        case H5I_DATASET:
          series_.emplace(prefix + name, read_series(object, prefix + name));
          break;
        default:
          throw hdf5::Failure(fmt::format("'{}{}' is no series", prefix, name));
      }
    }
  }

  static std::string link_name(hid_t group, hsize_t index) {
    const auto name_by_index = [&](char* buffer, std::size_t size) {
      return static_cast<std::size_t>(check(H5Lget_name_by_idx(
          group, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, H5P_DEFAULT)));
    };
    std::string name(name_by_index(nullptr, 0) + 1, '\0');
    name.resize(name_by_index(name.data(), name.size()));
    return name;
  }

  /// Only links that own their object: no way out of this file, no cycles.
  void check_link(hid_t group, const std::string& name) {
    H5L_info_t info = {};
    check(H5Lget_info(group, name.c_str(), &info, H5P_DEFAULT));
    if (info.type != H5L_TYPE_HARD || !seen_.insert(info.u.address).second) {
      throw hdf5::Failure(fmt::format("'{}' is a link to something else", name));
    }
  }

  Series read_series(hid_t dataset, const std::string& path) const {
    Series series;
    const std::vector<hsize_t> dims = read_extents(dataset, path);
    const std::int64_t values = count_values(dims, path);
    check_storage(dataset, dims, values, path);
    series.unit = read_text(dataset, "unit");
    series.description = read_text(dataset, "description");
    series.matrix = dims.size() == 2;
    series.rows = static_cast<std::int64_t>(dims[0]);
    series.columns = series.matrix ? static_cast<std::int64_t>(dims[1]) : 1;
    series.values.resize(static_cast<std::size_t>(values));
    if (values > 0) {
      check(
          H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, series.values.data()));
    }
    return series;
  }

  static std::vector<hsize_t> read_extents(hid_t dataset, const std::string& path) {
    const Handle type(H5Dget_type(dataset), H5Tclose);
    const Handle space(H5Dget_space(dataset), H5Sclose);
    const int rank = check(H5Sget_simple_extent_ndims(space));
    if (check(H5Tequal(type, H5T_IEEE_F64LE)) == 0 || rank < 1 || rank > 2) {
      throw hdf5::Failure(
          fmt::format("'{}' is no float64 series of shape (rows) or (rows, columns)", path));
    }
    std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
    check(H5Sget_simple_extent_dims(space, dims.data(), nullptr));
    return dims;
  }

  /// Bounded by what a file of this size can hold, so that a lie about the shape allocates nothing.
  std::int64_t count_values(const std::vector<hsize_t>& dims, const std::string& path) const {
    const auto limit = static_cast<hsize_t>(image_size_ * kLargestDeflateRatio) / sizeof(double);
    const hsize_t columns = dims.size() == 2 ? dims[1] : 1;
    const bool too_large =
        dims[0] > limit || columns > limit || (columns > 0 && dims[0] > limit / columns);
    if (too_large) {
      throw hdf5::Failure(fmt::format("'{}' claims more values than the file can hold", path));
    }
    return static_cast<std::int64_t>(dims[0] * columns);
  }

  static void check_storage(hid_t dataset,
                            const std::vector<hsize_t>& dims,
                            std::int64_t values,
                            const std::string& path) {
    const Handle properties(H5Dget_create_plist(dataset), H5Pclose);
    const bool plain =
        has_layout(properties, H5D_CONTIGUOUS) || has_layout(properties, H5D_COMPACT);
    const bool chunked = has_layout(properties, H5D_CHUNKED);
    if ((!plain && !chunked) || H5Pget_external_count(properties) != 0) {
      throw hdf5::Failure(fmt::format("'{}' keeps its values in another file", path));
    }
    const auto bytes = static_cast<hsize_t>(values) * sizeof(double);
    if (plain && bytes > 0 && H5Dget_storage_size(dataset) != bytes) {
      throw hdf5::Failure(fmt::format("'{}' has fewer values than its shape says", path));
    }
    if (chunked) check_chunks(properties, dims, path);
  }

  static bool has_layout(hid_t properties, H5D_layout_t layout) {
    return H5Pget_layout(properties) == layout;
  }

  static void check_chunks(hid_t properties,
                           const std::vector<hsize_t>& dims,
                           const std::string& path) {
    std::array<hsize_t, 2> chunk = {};
    const int rank = check(H5Pget_chunk(properties, 2, chunk.data()));
    bool fits = rank == static_cast<int>(dims.size());
    for (std::size_t i = 0; fits && i < dims.size(); ++i) fits = chunk[i] <= dims[i];
    if (!fits) throw hdf5::Failure(fmt::format("'{}' has chunks larger than itself", path));
    // Any other filter would make HDF5 look for a plug-in to load.
    for (int i = 0, n = check(H5Pget_nfilters(properties)); i < n; ++i) {
      const auto filter = check(H5Pget_filter2(
          properties, static_cast<unsigned>(i), nullptr, nullptr, nullptr, 0, nullptr, nullptr));
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE) {
        throw hdf5::Failure(fmt::format("'{}' is compressed by an unknown method", path));
      }
    }
  }

  std::int64_t image_size_;
  std::set<haddr_t> seen_;
  SeriesMap series_;
};

}  // namespace

SeriesMap read_metrics(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  const auto image = unsealed(bytes);
  if (!image) {
    throw BadInput(
        file.string(),
        "is no metrics file, or it is damaged, cut off or changed by another program: its "
        "checksum does not match. Resume the run from a copy, or start it again.");
  }
  const hdf5::Session session;
  try {
    return MetricsReader(*image).take();
  } catch (const hdf5::Failure& failure) {
    throw BadInput(file.string(),
                   fmt::format("is no metrics file that this version reads: {}.", failure.what()));
  }
}

void write_metrics(const std::filesystem::path& file, const SeriesMap& series) {
  std::string image;
  try {
    image = image_of(series);
  } catch (const hdf5::Failure& failure) {
    throw InternalError("run::write_metrics",
                        fmt::format("HDF5 refuses the series: {}.", failure.what()));
  }
  write_atomically(file, image + seal_of(image));
}

}  // namespace thalweg::run
