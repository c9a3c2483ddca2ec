# thalweg_embed_text(TARGET FILE CONSTANT)
#
# Compiles a text file of the source tree into TARGET as `thalweg::report::CONSTANT`, a
# std::string_view, so that the installed library needs no data files. The file is read again
# whenever it changes; this script is its own build step.

if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" text)
  file(WRITE "${OUTPUT}"
       "#include \"report/assets.hpp\"\n\n"
       "namespace thalweg::report {\n"
       "const std::string_view ${CONSTANT} = R\"embedded(${text})embedded\";\n"
       "}  // namespace thalweg::report\n")
  return()
endif()

set(THALWEG_EMBED_TEXT_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(thalweg_embed_text target file constant)
  set(input "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  set(output "${CMAKE_CURRENT_BINARY_DIR}/${file}.cpp")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DINPUT=${input}" "-DOUTPUT=${output}" "-DCONSTANT=${constant}"
            -P "${THALWEG_EMBED_TEXT_SCRIPT}"
    DEPENDS "${input}" "${THALWEG_EMBED_TEXT_SCRIPT}"
    COMMENT "Embedding ${file}"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
