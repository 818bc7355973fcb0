# qalam_library(name HEADERS a.h ... SOURCES a.cc ... DEPS lib ... [PUBLIC_DEPS lib ...])
# qalam_test(name LABEL unit SOURCES a_test.cc ... DEPS lib ... [TIMEOUT seconds] [SHARDS n])
# Every target is ours, so every target gets `qalam_build`: warnings are errors, checks stay on.

option(QALAM_WERROR "Warnings are errors" ON)
set(QALAM_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
option(QALAM_FUZZ "Instrument for libFuzzer and build the fuzzers (clang)" OFF)
# As a yes or no: a generator expression cannot hold the list's comma.
if(QALAM_SANITIZE)
  set(QALAM_SANITIZED ON)
else()
  set(QALAM_SANITIZED OFF)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

# Asserts (QALAM_CHECK) never depend on NDEBUG; -O2 with line tables is what we ship and measure.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

add_library(qalam_build INTERFACE)
target_compile_options(qalam_build INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -fstack-protector-strong
  # Calls by a pointer land on endbr64 only, and returns go where the call came from, where processor and kernel check it.
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>
  $<$<BOOL:${QALAM_WERROR}>:-Werror>
  # GCC 12 at -O2 takes the other member of a variant or optional for memory freed or not initialized
  # (GCC bugs 104475, 80635); clang checks the same code without these alarms.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-free-nonheap-object -Wno-maybe-uninitialized>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<AND:$<CONFIG:RelWithDebInfo>,$<NOT:$<BOOL:${QALAM_SANITIZED}>>>:-U_FORTIFY_SOURCE$<SEMICOLON>-D_FORTIFY_SOURCE=2>)
target_compile_definitions(qalam_build INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(qalam_build INTERFACE -Wl,-z,relro,-z,now)
target_include_directories(qalam_build INTERFACE "${PROJECT_SOURCE_DIR}")
if(QALAM_SANITIZE)
  target_compile_options(qalam_build INTERFACE -fsanitize=${QALAM_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  if(QALAM_SANITIZE MATCHES "thread")
    target_compile_options(qalam_build INTERFACE -Wno-tsan)
  endif()
  target_link_options(qalam_build INTERFACE -fsanitize=${QALAM_SANITIZE})
endif()
option(QALAM_MUTANTS "A broker that QALAM_MUTANT makes known-bad, to test the tests (common/mutant.h)" OFF)
if(QALAM_MUTANTS)
  target_compile_definitions(qalam_build INTERFACE QALAM_MUTANTS)
endif()
if(QALAM_FUZZ)
  target_compile_options(qalam_build INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(qalam_library name)
  cmake_parse_arguments(ARG "" "" "HEADERS;SOURCES;DEPS" ${ARGN})
  set(target qalam_${name})
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${ARG_HEADERS})
    target_link_libraries(${target} PUBLIC ${ARG_DEPS} PRIVATE qalam_build)
    target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
    set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  else()
    add_library(${target} INTERFACE)
    target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${ARG_HEADERS})
    target_link_libraries(${target} INTERFACE ${ARG_DEPS})
    target_include_directories(${target} INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
  endif()
  add_library(qalam::${name} ALIAS ${target})
endfunction()

function(qalam_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT;SHARDS" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gtest_main qalam_build)
  if(NOT ARG_SHARDS)
    add_test(NAME ${name} COMMAND ${name})
    set(tests ${name})
  else()
    # GoogleTest's own: each shard runs its part of the tests.
    set(tests)
    math(EXPR last "${ARG_SHARDS} - 1")
    foreach(shard RANGE ${last})
      add_test(NAME ${name}.${shard} COMMAND ${name})
      set_tests_properties(${name}.${shard} PROPERTIES
        ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${shard}")
      list(APPEND tests ${name}.${shard})
    endforeach()
  endif()
  set_tests_properties(${tests} PROPERTIES LABELS "${ARG_LABEL};${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
