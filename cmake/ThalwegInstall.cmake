# Installs the programs, the headers, the libraries as two components of find_package(thalweg) (`core`, which
# knows no libtorch, and `torch`), the man page and the completions. Everything is found relative to
# itself, so that the prefix may be moved.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/thalweg")

# install_component(NAME library...): thalweg::NAME links all of them; each is thalweg::FOLDER too.
function(install_component name)
  add_library(thalweg_${name} INTERFACE)
  set_target_properties(thalweg_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(thalweg_${name} INTERFACE ${ARGN})
  install(TARGETS thalweg_${name} ${ARGN} EXPORT thalweg_${name}
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT thalweg_${name} NAMESPACE thalweg:: DESTINATION "${package_dir}")
  foreach(library IN LISTS ARGN)
    string(REGEX REPLACE "^thalweg_" "" folder "${library}")
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/thalweg/${folder}"
            DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/thalweg")
  endforeach()
endfunction()

get_property(core_libraries GLOBAL PROPERTY THALWEG_CORE_LIBRARIES)
install_component(core ${core_libraries})
install(TARGETS thalweg_program)
install(TARGETS thalweg_index_program DESTINATION "${THALWEG_LIBEXECDIR}")
if(THALWEG_TORCH)
  get_property(torch_libraries GLOBAL PROPERTY THALWEG_TORCH_LIBRARIES)
  install_component(torch ${torch_libraries})
  install(TARGETS thalweg_torch_program DESTINATION "${THALWEG_LIBEXECDIR}")
endif()

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/thalwegConfig.cmake.in" "${PROJECT_BINARY_DIR}/thalwegConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/thalwegConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/thalwegConfig.cmake"
              "${PROJECT_BINARY_DIR}/thalwegConfigVersion.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/ThalwegHdf5.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/ThalwegMuparser.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/ThalwegOpenblas.cmake"
        DESTINATION "${package_dir}")

# thalweg_generate(FILE DESTINATION argument...): what the program prints about itself, as an installed file.
function(thalweg_generate file destination)
  set(output "${PROJECT_BINARY_DIR}/generated/${file}")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND thalweg_program ${ARGN} > "${output}"
    COMMENT "Writing ${file}"
    VERBATIM)
  set_property(GLOBAL APPEND PROPERTY THALWEG_GENERATED_FILES "${output}")
  install(FILES "${output}" DESTINATION "${destination}")
endfunction()

file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/generated")
thalweg_generate(thalweg.1 "${CMAKE_INSTALL_MANDIR}/man1" man)
thalweg_generate(thalweg "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" completion bash)
thalweg_generate(_thalweg "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" completion zsh)
thalweg_generate(thalweg.fish "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" completion fish)
get_property(generated_files GLOBAL PROPERTY THALWEG_GENERATED_FILES)
add_custom_target(thalweg_generated_files ALL DEPENDS ${generated_files})

install(FILES LICENSE README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
