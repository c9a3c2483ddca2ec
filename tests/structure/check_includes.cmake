# cmake -DSOURCE_DIR=... [-DTABLE=...] -P check_includes.cmake
#
# Fails where an include of the library does not follow the table of dependencies, and says where.

cmake_minimum_required(VERSION 3.25)
set(torch_header "^ *# *include *[<\"](torch|ATen|c10)/")
set(own_header "^ *# *include *\"(thalweg/)?([a-z_]+)/")
set(faults "")

# allowed_FOLDER: the words behind a folder in the table.
file(STRINGS "${TABLE}" rows REGEX "^[a-z]")
foreach(row IN LISTS rows)
  separate_arguments(words UNIX_COMMAND "${row}")
  list(POP_FRONT words folder)
  set(allowed_${folder} ${words})
  list(APPEND folders ${folder})
endforeach()

function(report_fault file line sentence)
  string(STRIP "${line}" line)
  set(faults "${faults}${file}: '${line}': ${sentence}\n" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files RELATIVE "${SOURCE_DIR}"
     "${SOURCE_DIR}/include/thalweg/*.hpp" "${SOURCE_DIR}/src/*.hpp" "${SOURCE_DIR}/src/*.cpp")
foreach(file IN LISTS files)
  string(REGEX REPLACE "^(include/thalweg|src)/([a-z_]+)/.*$" "\\2" folder "${file}")
  if(NOT folder IN_LIST folders)
    report_fault("${file}" "${folder}" "the folder is not in the table of dependencies.")
    continue()
  endif()

  file(STRINGS "${SOURCE_DIR}/${file}" includes REGEX "^ *# *include")
  foreach(line IN LISTS includes)
    if(line MATCHES "${torch_header}")
      if(NOT "torch" IN_LIST allowed_${folder} OR file MATCHES "/kernels/")
        report_fault("${file}" "${line}" "libtorch is not for this folder.")
      elseif(line MATCHES "torch/torch.h" AND file MATCHES "\\.hpp$")
        report_fault("${file}" "${line}" "16 s a file: include what is used, or <torch/types.h> in the .cpp.")
      endif()
    elseif(line MATCHES "${own_header}")
      set(used "${CMAKE_MATCH_2}")
      if(used IN_LIST folders AND NOT used STREQUAL folder AND NOT used IN_LIST allowed_${folder})
        report_fault("${file}" "${line}" "${folder} may not include ${used}.")
      endif()
    endif()
  endforeach()
endforeach()

list(LENGTH files count)
if(NOT faults STREQUAL "")
  message(NOTICE "${faults}")
  message(FATAL_ERROR "Includes go against the arrows.")
elseif(count EQUAL 0)
  message(FATAL_ERROR "No source files below ${SOURCE_DIR}.")
endif()
message(STATUS "${count} files follow the arrows.")
