#pragma once

#include "kernels/window_attention.h"

/// What `window_attention.h` is made of; calls are checked there.
namespace oasis::kernels::window_paths {

/// CUDA-core gather (window_attention_plain.cu).
void forward_plain(const WindowForward& call, Stream stream);
void backward_plain(const WindowBackward& call, Stream stream);  ///< needs `delta` filled
/// delta = sum over channels of d_o * o, in fp32; for both paths (window_attention_plain.cu).
void row_delta(const WindowBackward& call, Stream stream);

/// Tensor cores (window_attention_mma_*.cu).
void forward_mma(const WindowForward& call, Stream stream);
/// The same, `segment` query frames to a block that walks through them.
void forward_rolling(const WindowForward& call, int segment, Stream stream);
/// The segment for which the blocks' waves take the fewest steps; 0 where `forward_mma` is to be
/// taken, because a block would not fit the device or its multiprocessors would not all get one.
int rolling_segment(const WindowForward& call);
void dq_mma(const WindowBackward& call, Stream stream);     ///< needs `delta` filled
void dk_dv_mma(const WindowBackward& call, Stream stream);  ///< needs `delta` filled

}  // namespace oasis::kernels::window_paths
