# `oasis_torch`: LibTorch from the published wheel, without Torch's own CMake package, which demands
# nvcc even for a CPU-only program.
if(NOT OASIS_LIBTORCH_DIR)
  set(OASIS_LIBTORCH_DIR $ENV{HOME}/.cache/oasis/deps/libtorch-2.11.0)
endif()
set(torch_root ${OASIS_LIBTORCH_DIR}/torch)
if(NOT EXISTS ${torch_root}/include/torch/csrc/api/include/torch/torch.h)
  message(FATAL_ERROR "No LibTorch in ${OASIS_LIBTORCH_DIR}: run scripts/setup, or set OASIS_LIBTORCH_DIR "
                      "to the folder that holds torch/ and nvidia/.")
endif()

# Torch brings fmt 12 headers, spdlog is built on the system's fmt: the system's come first.
find_path(system_fmt_parent fmt/format.h PATHS /usr/include NO_DEFAULT_PATH REQUIRED)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/system_fmt)
file(CREATE_LINK ${system_fmt_parent}/fmt ${CMAKE_BINARY_DIR}/system_fmt/fmt SYMBOLIC)

add_library(oasis_torch INTERFACE)
target_include_directories(oasis_torch SYSTEM BEFORE INTERFACE ${CMAKE_BINARY_DIR}/system_fmt)
target_include_directories(oasis_torch SYSTEM INTERFACE ${torch_root}/include
                           ${torch_root}/include/torch/csrc/api/include)
target_compile_definitions(oasis_torch INTERFACE USE_DISTRIBUTED)
# at::parallel_for is a header template: without OpenMP it would run on one thread here.
target_compile_options(oasis_torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
target_link_options(oasis_torch INTERFACE -fopenmp)

file(GLOB library_folders LIST_DIRECTORIES true ${OASIS_LIBTORCH_DIR}/nvidia/*/lib)
if(OASIS_CUDA_ROOT)
  list(APPEND library_folders ${OASIS_CUDA_ROOT}/lib64)
endif()
set(torch_libraries ${torch_root}/lib/libtorch_cpu.so ${torch_root}/lib/libc10.so)
if(OASIS_WITH_CUDA)
  target_include_directories(oasis_torch SYSTEM INTERFACE ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
  list(APPEND torch_libraries ${torch_root}/lib/libtorch_cuda.so ${torch_root}/lib/libc10_cuda.so)
endif()
# The NVIDIA libraries are dependencies of dependencies: only DT_RPATH of the program finds them.
target_link_options(oasis_torch INTERFACE -Wl,--disable-new-dtags -Wl,--allow-shlib-undefined)
foreach(folder ${torch_root}/lib ${library_folders})
  target_link_options(oasis_torch INTERFACE -Wl,-rpath,${folder})
endforeach()
target_link_libraries(oasis_torch INTERFACE -Wl,--no-as-needed ${torch_libraries} -Wl,--as-needed
                      Threads::Threads)

# One precompiled <torch/torch.h> for all targets that use it.
file(WRITE ${CMAKE_BINARY_DIR}/torch_pch.cpp.in "// holds the precompiled header\n")
configure_file(${CMAKE_BINARY_DIR}/torch_pch.cpp.in ${CMAKE_BINARY_DIR}/torch_pch.cpp COPYONLY)
add_library(oasis_torch_pch OBJECT ${CMAKE_BINARY_DIR}/torch_pch.cpp)
target_link_libraries(oasis_torch_pch PRIVATE oasis_torch oasis_flags)
target_precompile_headers(oasis_torch_pch PRIVATE <torch/torch.h>)
