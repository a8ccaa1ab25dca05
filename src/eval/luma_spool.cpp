#include "eval/luma_spool.h"

#include <algorithm>

#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

constexpr double kStep = 1.0 / 256;

double mean_of(const std::vector<std::uint16_t>& luma, const bool* mask, std::int64_t pixels) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < luma.size(); ++i) sum += mask[i] ? luma[i] : 0U;
  return static_cast<double>(sum) * kStep / static_cast<double>(pixels);
}

}  // namespace

LumaSpool::LumaSpool(std::int64_t memory) : memory_(memory) {}

void LumaSpool::add(const at::Tensor& luma) {
  const at::Tensor plain = luma.contiguous();
  const double* values = plain.const_data_ptr<double>();
  std::vector<std::uint16_t> codes(static_cast<std::size_t>(plain.numel()));
  for (std::size_t i = 0; i < codes.size(); ++i) {
    codes[i] = static_cast<std::uint16_t>(std::clamp(values[i], 0.0, 255.0) / kStep + 0.5);
  }
  const auto bytes = static_cast<std::int64_t>(codes.size() * sizeof codes[0]);
  if (bytes <= memory_ && !file_) {
    memory_ -= bytes;
    held_.push_back(std::move(codes));
    return;
  }
  if (!file_) file_.reset(std::tmpfile());
  if (!file_ ||
      std::fwrite(codes.data(), sizeof codes[0], codes.size(), file_.get()) != codes.size()) {
    throw Error(
        "luma pulse: the temporary folder has no room for the frames' luma; set TMPDIR, or "
        "leave luma_pulse out of --metrics");
  }
  ++filed_;
}

std::vector<double> LumaSpool::means(const at::Tensor& mask) {
  const at::Tensor plain = mask.contiguous();
  const bool* inside = plain.const_data_ptr<bool>();
  const auto pixels = plain.sum().item<std::int64_t>();
  std::vector<double> result;
  for (const auto& luma : held_) result.push_back(mean_of(luma, inside, pixels));
  if (!file_) return result;
  std::rewind(file_.get());
  std::vector<std::uint16_t> luma(static_cast<std::size_t>(plain.numel()));
  for (std::int64_t i = 0; i < filed_; ++i) {
    if (std::fread(luma.data(), sizeof luma[0], luma.size(), file_.get()) != luma.size()) {
      throw Error("luma pulse: the temporary file cannot be read back");
    }
    result.push_back(mean_of(luma, inside, pixels));
  }
  return result;
}

}  // namespace oasis::eval
