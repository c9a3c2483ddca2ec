# muParser as the target thalweg_muparser, here and in projects that use an installed Thalweg: Debian's package
# ships no CMake file.

find_path(THALWEG_MUPARSER_INCLUDE_DIR muParser.h REQUIRED)
find_library(THALWEG_MUPARSER_LIBRARY muparser REQUIRED)
mark_as_advanced(THALWEG_MUPARSER_INCLUDE_DIR THALWEG_MUPARSER_LIBRARY)

if(NOT TARGET thalweg_muparser)
  add_library(thalweg_muparser UNKNOWN IMPORTED GLOBAL)
  set_target_properties(thalweg_muparser PROPERTIES
    IMPORTED_LOCATION "${THALWEG_MUPARSER_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${THALWEG_MUPARSER_INCLUDE_DIR}")
endif()
