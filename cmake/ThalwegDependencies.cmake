# Third-party packages, all of them in Debian 12. Targets are used by name in src/*/CMakeLists.txt.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(ZLIB REQUIRED)
include(ThalwegHdf5)

# Random123 is headers only and ships no CMake package.
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
add_library(thalweg_random123 INTERFACE)
target_include_directories(thalweg_random123 SYSTEM INTERFACE "${RANDOM123_INCLUDE_DIR}")

include(ThalwegOpenblas)
include(ThalwegMuparser)
find_package(hwy REQUIRED)

if(THALWEG_TORCH)
  find_package(Torch REQUIRED)
endif()
