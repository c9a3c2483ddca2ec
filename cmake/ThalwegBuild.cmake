# Language level, warnings, sanitizers, compiler cache and linker, shared by every target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# The time goes into libtorch's kernels; -O3 would only make compiling slower.
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

find_program(THALWEG_CCACHE ccache)
if(THALWEG_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${THALWEG_CCACHE}")
endif()

find_program(THALWEG_LLD ld.lld)
if(THALWEG_LLD)
  add_link_options(-fuse-ld=lld)  # 0.6 s a program against 2.4 s
endif()

# The programs that `thalweg` starts; found from it, and installed, by this path.
set(THALWEG_LIBEXECDIR "${CMAKE_INSTALL_LIBEXECDIR}/thalweg")

add_library(thalweg_build_flags INTERFACE)
target_compile_options(thalweg_build_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wpedantic
  # False alarms of g++ 12 in optimised code: std::string's operator+, and Eigen's storage inside std::optional.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized>
  $<$<BOOL:${THALWEG_WARNINGS_AS_ERRORS}>:-Werror>)

if(THALWEG_SANITIZE)
  add_compile_options(-fsanitize=${THALWEG_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${THALWEG_SANITIZE})
endif()
