# OpenBLAS as the target thalweg_openblas, here and in projects that use an installed Thalweg.

find_path(THALWEG_OPENBLAS_INCLUDE_DIR cblas.h REQUIRED
          PATH_SUFFIXES "${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread" openblas)
find_library(THALWEG_OPENBLAS_LIBRARY openblas REQUIRED PATH_SUFFIXES openblas-pthread)
mark_as_advanced(THALWEG_OPENBLAS_INCLUDE_DIR THALWEG_OPENBLAS_LIBRARY)

if(NOT TARGET thalweg_openblas)
  add_library(thalweg_openblas UNKNOWN IMPORTED GLOBAL)
  set_target_properties(thalweg_openblas PROPERTIES
    IMPORTED_LOCATION "${THALWEG_OPENBLAS_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${THALWEG_OPENBLAS_INCLUDE_DIR}")
endif()
