# Compiler settings shared by every target: C++20, the warning wall, hardening, sanitizers.
option(KILT_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
option(KILT_COVERAGE "Build with gcov counters" OFF)
option(KILT_WERROR "Treat warnings as errors" ON)
set(KILT_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

find_program(KILT_CCACHE ccache)
if(KILT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${KILT_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${KILT_CCACHE})
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
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT KILT_SANITIZE)
  target_compile_options(kilt-options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
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
