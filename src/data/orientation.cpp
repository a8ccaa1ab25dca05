#include "oasis/data/orientation.h"

#include <ATen/Functions.h>

#include <vector>

namespace oasis::data {

at::Tensor orient(const at::Tensor& clip, const Orientation& orientation) {
  std::vector<std::int64_t> mirrored;
  if (orientation.top_bottom) mirrored.push_back(-2);
  if (orientation.left_right) mirrored.push_back(-1);
  const at::Tensor upright = mirrored.empty() ? clip : clip.flip(mirrored);
  return orientation.transposed ? upright.transpose(-2, -1) : upright;
}

}  // namespace oasis::data
