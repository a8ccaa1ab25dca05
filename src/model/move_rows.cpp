#include "model/move_rows.h"

#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/bilinear_corners.h"
#include "model/cpu_clones.h"
#include "oasis/core/error.h"

namespace oasis::model {
namespace {

OASIS_CPU_CLONES void blend(const float* a, const float* b, const float* c, const float* d,
                            const float* share, float* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = a[i] * share[0] + b[i] * share[1] + c[i] * share[2] + d[i] * share[3];
  }
}

OASIS_CPU_CLONES void blend(const std::uint16_t* a, const std::uint16_t* b, const std::uint16_t* c,
                            const std::uint16_t* d, const float* share, std::uint16_t* out,
                            std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = narrowed(widened(a[i]) * share[0] + widened(b[i]) * share[1] +
                      widened(c[i]) * share[2] + widened(d[i]) * share[3]);
  }
}

template <typename T>
void move(const at::Tensor& source, const at::Tensor& motion, const at::Tensor& target) {
  const std::int64_t channels = source.size(1), rows = source.size(2), cols = source.size(3);
  const auto* from = static_cast<const T*>(source.const_data_ptr());
  auto* to = static_cast<T*>(target.mutable_data_ptr());
  const float* flows = motion.const_data_ptr<float>();
  const std::int64_t apart = target.stride(3);
  at::parallel_for(0, source.size(0) * rows, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line) {
      const std::int64_t n = line / rows, y = line % rows;
      const float* dx = flows + (n * 2 * rows + y) * cols;
      const float* dy = dx + rows * cols;
      const T* picture = from + n * rows * cols * channels;
      T* out = to + n * target.stride(0) + y * target.stride(2);
      for (std::int64_t x = 0; x < cols; ++x) {
        const Corners at =
            corners(static_cast<float>(x) + dx[x], static_cast<float>(y) + dy[x], rows, cols);
        blend(picture + at.pixel[0] * channels, picture + at.pixel[1] * channels,
              picture + at.pixel[2] * channels, picture + at.pixel[3] * channels, at.share.data(),
              out + x * apart, channels);
      }
    }
  });
}

}  // namespace

bool can_move_rows(const at::Tensor& frames) {
  return frames.device().is_cpu() &&
         (frames.scalar_type() == at::kFloat || frames.scalar_type() == at::kBFloat16);
}

void move_rows(const at::Tensor& source, const at::Tensor& motion, const at::Tensor& target) {
  RECORD_FUNCTION("oasis::move_rows", std::vector<c10::IValue>());
  if (source.size(0) == 0) return;
  const at::Tensor rows = source.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor flows = motion.contiguous();
  if (target.stride(1) != 1 || flows.scalar_type() != at::kFloat) {
    throw Error("move_rows: the target's channels lie apart, or the motion is not float32");
  }
  if (source.scalar_type() == at::kFloat) return move<float>(rows, flows, target);
  move<std::uint16_t>(rows, flows, target);
}

}  // namespace oasis::model
