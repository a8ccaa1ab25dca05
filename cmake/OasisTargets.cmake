# One target per folder: oasis_library(nn TORCH DEPS oasis_core) builds src/nn/*.cpp into oasis_nn.
function(oasis_library name)
  cmake_parse_arguments(arg "TORCH" "" "DEPS;PRIVATE_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(oasis_${name} STATIC ${sources})
  target_include_directories(oasis_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(oasis_${name} PUBLIC ${arg_DEPS} fmt::fmt PRIVATE ${arg_PRIVATE_DEPS} oasis_flags)
  if(arg_TORCH)
    target_link_libraries(oasis_${name} PUBLIC oasis_torch)
    target_precompile_headers(oasis_${name} REUSE_FROM oasis_torch_pch)
  endif()
endfunction()

# oasis_program(oasis-infer DEPS ...) builds tools/oasis-infer.cpp into build/bin.
function(oasis_program name)
  cmake_parse_arguments(arg "TORCH" "" "DEPS;SOURCES" ${ARGN})
  add_executable(${name} ${name}.cpp ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} CLI11::CLI11 nlohmann_json::nlohmann_json oasis_flags)
  if(arg_TORCH)
    target_precompile_headers(${name} REUSE_FROM oasis_torch_pch)
  endif()
  install(TARGETS ${name} RUNTIME)
endfunction()

# oasis_test(nn TORCH) builds tests/nn/*_test.cpp into nn_test and registers each case with ctest.
function(oasis_test folder)
  cmake_parse_arguments(arg "TORCH" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${folder}_test ${sources})
  target_link_libraries(${folder}_test PRIVATE oasis_${folder} ${arg_DEPS} nlohmann_json::nlohmann_json
                        GTest::gtest GTest::gmock GTest::gtest_main oasis_flags)
  target_compile_definitions(${folder}_test PRIVATE
    OASIS_SOURCE_DIR="${CMAKE_SOURCE_DIR}" OASIS_BIN_DIR="${CMAKE_BINARY_DIR}/bin"
    OASIS_SHARED_DATA_DIR="${OASIS_SHARED_DATA_DIR}")
  if(arg_TORCH)
    target_precompile_headers(${folder}_test REUSE_FROM oasis_torch_pch)
  endif()
  gtest_discover_tests(${folder}_test TEST_PREFIX ${folder}. DISCOVERY_TIMEOUT 120 PROPERTIES TIMEOUT 600)
endfunction()
