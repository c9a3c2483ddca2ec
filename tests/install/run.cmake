# cmake -DBUILD_DIR=... -DWORK_DIR=... -DCOMPONENT=core|torch -DCXX=... -P run.cmake
#
# Installs, moves the prefix elsewhere, builds an outside program against it and runs that.

cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${WORK_DIR}/first")
set(prefix "${WORK_DIR}/moved")
file(RENAME "${WORK_DIR}/first" "${prefix}")

run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/${COMPONENT}" -B "${WORK_DIR}/build" -G Ninja
    "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}")
run("${CMAKE_COMMAND}" --build "${WORK_DIR}/build")
run("${WORK_DIR}/build/program")

run("${prefix}/bin/thalweg" --version)
foreach(file share/man/man1/thalweg.1 share/bash-completion/completions/thalweg)
  if(NOT EXISTS "${prefix}/${file}")
    message(FATAL_ERROR "${file} was not installed.")
  endif()
endforeach()
if(COMPONENT STREQUAL torch)
  run("${prefix}/libexec/thalweg/thalweg-torch" flow --help)
  execute_process(COMMAND "${prefix}/bin/thalweg" flow --dry-run
                  WORKING_DIRECTORY "${WORK_DIR}" ERROR_VARIABLE complaint)
  if(complaint MATCHES "built without libtorch")
    message(FATAL_ERROR "The moved thalweg does not find thalweg-torch: ${complaint}")
  endif()
endif()
