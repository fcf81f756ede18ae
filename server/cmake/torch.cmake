# LibTorch from the PyPI wheel, unpacked by tools/setup. An imported target of our own: the wheel's find_package ends
# fatally without a CUDA toolkit, and its bundled fmt and Protobuf headers must come after the system's (-idirafter).
foreach(file torch/include/ATen/ATen.h torch/lib/libtorch_cpu.so torch/lib/libc10.so)
  if(NOT EXISTS ${LIMPID_LIBTORCH}/${file})
    message(FATAL_ERROR "LibTorch not found: ${LIMPID_LIBTORCH}/${file} is missing. Run `make setup`.")
  endif()
endforeach()

add_library(limpid_torch INTERFACE)
target_compile_options(limpid_torch INTERFACE -idirafter ${LIMPID_LIBTORCH}/torch/include)
# libtorch_cpu.so of this wheel needs libcudart and libcupti, which lie in wheels of their own.
set(torch_rpath ${LIMPID_LIBTORCH}/torch/lib ${LIMPID_LIBTORCH}/nvidia/cu13/lib)
list(TRANSFORM torch_rpath PREPEND "-Wl,-rpath-link," OUTPUT_VARIABLE torch_rpath_link)
list(TRANSFORM torch_rpath PREPEND "-Wl,-rpath," OUTPUT_VARIABLE torch_rpath_run)
target_link_options(limpid_torch INTERFACE ${torch_rpath_link} ${torch_rpath_run})
target_link_libraries(limpid_torch INTERFACE ${LIMPID_LIBTORCH}/torch/lib/libtorch_cpu.so
                      ${LIMPID_LIBTORCH}/torch/lib/libc10.so)
