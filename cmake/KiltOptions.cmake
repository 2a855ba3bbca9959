# Compiler settings shared by every target: C++20, the warning wall, hardening, sanitizers.
option(KILT_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
option(KILT_COVERAGE "Build with gcov counters" OFF)
option(KILT_WERROR "Treat warnings as errors: on in our presets for tests" OFF)
set(KILT_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

# A compiler cache knows a file again in every clone: paths below the source folder are relative for
# it.
find_program(KILT_CCACHE ccache)
if(KILT_CCACHE)
  foreach(language C CXX)
    set(CMAKE_${language}_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${KILT_CCACHE})
  endforeach()
endif()
# What is installed names no folder of the builder's; a debugger of the other presets finds the sources.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
endif()

# kilt-options: link it PRIVATE (INTERFACE from static libraries is not needed) to get the wall.
add_library(kilt-options INTERFACE)
target_include_directories(kilt-options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(kilt-options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wcast-qual
  -Wcast-align -Wformat=2 -Wnon-virtual-dtor -Woverloaded-virtual
  -Wextra-semi -Wdate-time -Wundef -Wunused -fstack-protector-strong)
if(KILT_WERROR)
  target_compile_options(kilt-options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # -Wnull-dereference is left to clang: GCC 12 sees null pointers in the standard library's own
  # inlined code (std::vector growing) once it optimises.
  target_compile_options(kilt-options INTERFACE
    -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast)
else()
  target_compile_options(kilt-options INTERFACE -Wnull-dereference)
endif()
# Hardening of what is installed; a quick debug build and a sanitizer's go without.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT KILT_SANITIZE)
  include(CheckCXXCompilerFlag)
  include(CheckCXXSourceCompiles)
  # Level 3 where compiler and C library have it: glibc warns of a level that it does not know.
  set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
  check_cxx_source_compiles("#include <cstring>\nint main() { return 0; }" KILT_HAS_FORTIFY_3)
  unset(CMAKE_REQUIRED_FLAGS)
  target_compile_options(kilt-options INTERFACE -U_FORTIFY_SOURCE
    -D_FORTIFY_SOURCE=$<IF:$<BOOL:${KILT_HAS_FORTIFY_3}>,3,2> -D_GLIBCXX_ASSERTIONS)
  check_cxx_compiler_flag(-fstack-clash-protection KILT_HAS_STACK_CLASH)
  check_cxx_compiler_flag(-fcf-protection=full KILT_HAS_CF_PROTECTION)  # x86 alone has it
  target_compile_options(kilt-options INTERFACE
    $<$<BOOL:${KILT_HAS_STACK_CLASH}>:-fstack-clash-protection>
    $<$<BOOL:${KILT_HAS_CF_PROTECTION}>:-fcf-protection=full>)
endif()
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)

if(KILT_SANITIZE)
  add_compile_options(-fsanitize=${KILT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${KILT_SANITIZE})
  if(KILT_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=all)
  endif()
  # Sanitizers change the optimiser's view; this one then warns about code that is right.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(kilt-options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(KILT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(KILT_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
