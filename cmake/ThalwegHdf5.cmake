# The serial HDF5 library as the target thalweg_hdf5, here and in projects that use an installed Thalweg.
# CMake's own FindHDF5 compiles C programs, which a project in C++ alone cannot, and links curl and
# OpenSSL.

find_path(THALWEG_HDF5_INCLUDE_DIR hdf5.h PATH_SUFFIXES hdf5/serial REQUIRED)
find_library(THALWEG_HDF5_LIBRARY NAMES hdf5_serial hdf5 REQUIRED)
mark_as_advanced(THALWEG_HDF5_INCLUDE_DIR THALWEG_HDF5_LIBRARY)

file(STRINGS "${THALWEG_HDF5_INCLUDE_DIR}/H5public.h" version_line REGEX "define H5_VERS_INFO")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" THALWEG_HDF5_VERSION "${version_line}")

if(NOT TARGET thalweg_hdf5)
  add_library(thalweg_hdf5 UNKNOWN IMPORTED GLOBAL)
  set_target_properties(thalweg_hdf5 PROPERTIES
    IMPORTED_LOCATION "${THALWEG_HDF5_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${THALWEG_HDF5_INCLUDE_DIR}")
endif()
