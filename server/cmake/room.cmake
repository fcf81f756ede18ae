# A room is one folder, one static library and one namespace. Links are PRIVATE unless a door header needs them, so an
# include that the layout forbids does not compile.

add_library(limpid_warnings INTERFACE)
# GCC 12 sees uninitialized members in every moved std::variant, and in its own _mm512_undefined_ps (PR105593).
# Clang sees a deprecated function in every std::stable_sort of libstdc++ 12, which calls it itself.
target_compile_options(limpid_warnings INTERFACE -Wall -Wextra -Wshadow -Werror
                                                 $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
                                                 $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)

# limpid_room(NAME SOURCES file... [DEPS target...] [PUBLIC_DEPS target...]): library limpid_NAME, alias limpid::NAME.
function(limpid_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PUBLIC_DEPS" ${ARGN})
  add_library(limpid_${name} STATIC ${ARG_SOURCES})
  add_library(limpid::${name} ALIAS limpid_${name})
  target_include_directories(limpid_${name} PUBLIC ${PROJECT_SOURCE_DIR}/server)
  target_link_libraries(limpid_${name} PUBLIC ${ARG_PUBLIC_DEPS} PRIVATE limpid_warnings ${ARG_DEPS})
endfunction()

# limpid_test(ROOM SOURCES file... [DEPS target...]): gtest binary limpid_ROOM_test with label unit.
function(limpid_test room)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(limpid_${room}_test ${ARG_SOURCES})
  target_include_directories(limpid_${room}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(limpid_${room}_test PRIVATE LIMPID_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(limpid_${room}_test PRIVATE limpid_warnings ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(limpid_${room}_test TEST_PREFIX "${room}." DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
