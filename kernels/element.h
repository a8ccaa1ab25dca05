#pragma once

/// What the kernels' callers name on the host: no CUDA and no torch header is needed to call one.
struct CUstream_st;

namespace oasis::kernels {

/// The CUDA stream a kernel is queued on (`cudaStream_t`); null is the default stream.
using Stream = CUstream_st*;

/// Type of the elements behind an untyped pointer.
enum class Element { f32, f16, bf16 };

}  // namespace oasis::kernels
