#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

namespace oasis::eval {

/// The luma of all frames of a clip, kept until it is known which pixels count: in memory up to a
/// fixed size, behind that in a nameless temporary file. A value is kept to 1/256 of a code value.
class LumaSpool {
 public:
  /// `memory`: bytes to hold before the file is used.
  explicit LumaSpool(std::int64_t memory);

  /// luma `[H, W]` float64 in code values 0..255; all of one size. Throws `oasis::Error` if the
  /// disk is full.
  void add(const at::Tensor& luma);

  /// The mean luma of each frame over the pixels of mask `[H, W]` bool, which must have one.
  std::vector<double> means(const at::Tensor& mask);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::int64_t memory_;
  std::vector<std::vector<std::uint16_t>> held_;  // 16 bits a pixel
  std::unique_ptr<std::FILE, Closer> file_;
  std::int64_t filed_ = 0;  // frames in the file
};

}  // namespace oasis::eval
