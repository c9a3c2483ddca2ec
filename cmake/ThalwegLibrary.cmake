# thalweg_library(NAME [PUBLIC target...] [PRIVATE target...] [TORCH])
#
# One static library a folder of src/, from every .cpp below it. PUBLIC and PRIVATE are what it links;
# TORCH adds libtorch and the shared precompiled header.
function(thalweg_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TORCH" "" "PUBLIC;PRIVATE")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  set(target thalweg_${name})
  add_library(${target} STATIC ${sources})
  add_library(thalweg::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(${target}
    PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
           "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>"
    PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC}
                        PRIVATE $<BUILD_INTERFACE:thalweg_build_flags> ${arg_PRIVATE})
  if(arg_TORCH)
    thalweg_use_torch(${target} PUBLIC)
    set_property(GLOBAL APPEND PROPERTY THALWEG_TORCH_LIBRARIES ${target})
  else()
    set_property(GLOBAL APPEND PROPERTY THALWEG_CORE_LIBRARIES ${target})
  endif()
endfunction()

# Links libtorch and reuses the one precompiled header of <torch/types.h>: 17 s once, then about 2 s a
# file instead of 7.5.
function(thalweg_use_torch target visibility)
  # Distributions build libtorch with NDEBUG, and its headers differ without: at::RecordFunction has one
  # member more, which the library never writes.
  target_compile_definitions(${target} PRIVATE NDEBUG)
  target_link_libraries(${target} ${visibility} ${TORCH_LIBRARIES})
  target_include_directories(${target} SYSTEM ${visibility} ${TORCH_INCLUDE_DIRS})
  if(CMAKE_CXX_CLANG_TIDY)
    # Clang 14 parses libtorch 1.13 in C++20 with libc++ only; the other files need what libc++ 14 lacks.
    set_target_properties(${target} PROPERTIES
      CXX_CLANG_TIDY "${CMAKE_CXX_CLANG_TIDY};--extra-arg-before=-stdlib=libc++")
  endif()
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    return()
  endif()
  if(NOT TARGET thalweg_torch_pch)
    file(WRITE "${PROJECT_BINARY_DIR}/torch_pch.cpp" "")
    add_library(thalweg_torch_pch OBJECT "${PROJECT_BINARY_DIR}/torch_pch.cpp")
    target_compile_definitions(thalweg_torch_pch PRIVATE NDEBUG)
    target_link_libraries(thalweg_torch_pch PRIVATE thalweg_build_flags ${TORCH_LIBRARIES})
    target_include_directories(thalweg_torch_pch SYSTEM PRIVATE ${TORCH_INCLUDE_DIRS})
    target_precompile_headers(thalweg_torch_pch PRIVATE <torch/types.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM thalweg_torch_pch)
  # g++ passes over a precompiled header made with other code generation: programs take the libraries' -fPIC, not -fPIE.
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

# thalweg_test(NAME [LIBRARIES target...] [TORCH] [LABELS label...] [TIMEOUT seconds])
#
# One program and one ctest entry for every .cpp of tests/NAME.
function(thalweg_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TORCH" "TIMEOUT" "LIBRARIES;LABELS")
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*_test.cpp")
  if(NOT sources)
    return()
  endif()
  set(target thalweg_${name}_test)
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE thalweg_build_flags thalweg_test_support
                        ${arg_LIBRARIES} GTest::gmock_main)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src"
                             "${PROJECT_SOURCE_DIR}/tests")
  if(arg_TORCH)
    thalweg_use_torch(${target} PRIVATE)
  endif()
  add_test(NAME ${name} COMMAND ${target})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
