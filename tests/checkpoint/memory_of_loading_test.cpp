#include <ATen/Functions.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "oasis/checkpoint/mapped_tensor.h"
#include "oasis/checkpoint/safetensors.h"
#include "peak_memory.h"
#include "temporary_folder.h"

namespace oasis::checkpoint {
namespace {

using MemoryOfLoading = TemporaryFolder;

using testing::begin_measuring;
using testing::status_bytes;

constexpr std::int64_t mebibyte = 1 << 20;
constexpr std::int64_t tensors = 8;
constexpr std::int64_t elements = 2 * mebibyte;

std::filesystem::path write_model(const std::filesystem::path& folder, at::ScalarType dtype) {
  StateDict state;
  for (std::int64_t i = 0; i < tensors; ++i) {
    state["layer" + std::to_string(i)] = at::full({elements}, i, dtype);
  }
  const auto path = folder / "model.safetensors";
  write_safetensors(path, state);
  return path;
}

/// How far the memory rises above the present while a float32 model is made and loaded.
std::int64_t peak_of_loading(const std::filesystem::path& path, SourcePages pages) {
  const std::int64_t before = begin_measuring();
  std::vector<std::pair<std::string, at::Tensor>> targets;
  for (std::int64_t i = 0; i < tensors; ++i) {
    targets.emplace_back("layer" + std::to_string(i), at::empty({elements}));
  }
  load_strictly(targets, load_safetensors(path), path.string(), pages);
  EXPECT_EQ(targets[5].second[elements - 1].item<float>(), 5.0F);
  return status_bytes("VmHWM") - before;
}

constexpr double model_bytes = tensors * elements * 4.0;

/// What the work itself needs: memory that a busy machine adds by chance does not come every time.
template <typename Work>
std::int64_t least_of_three(const Work& work) {
  return std::min({work(), work(), work()});
}

TEST_F(MemoryOfLoading, IsOneCopyOfTheModel) {
  const auto path = write_model(folder_, at::kFloat);
  EXPECT_LE(least_of_three([&] { return peak_of_loading(path, SourcePages::release); }),
            1.2 * model_bytes);
  EXPECT_GE(peak_of_loading(path, SourcePages::keep), 1.8 * model_bytes);
}

TEST_F(MemoryOfLoading, IsOneCopyAlsoInAnotherPrecision) {
  const auto path = write_model(folder_, at::kBFloat16);
  EXPECT_LE(least_of_three([&] { return peak_of_loading(path, SourcePages::release); }),
            1.2 * model_bytes);
}

TEST_F(MemoryOfLoading, ReleasedPagesComeBackFromTheFile) {
  const auto path = write_model(folder_, at::kFloat);
  const StateDict state = load_safetensors(path);
  const at::Tensor tensor = state.at("layer3");
  tensor.fill_(7);
  release_mapped_pages(tensor.narrow(0, 5, 10));
  EXPECT_EQ(tensor[elements / 2].item<float>(), 3.0F);
  const at::Tensor own = at::ones({elements});
  release_mapped_pages(own);
  EXPECT_EQ(own[elements / 2].item<float>(), 1.0F);
}

TEST_F(MemoryOfLoading, WritingCastsOneTensorAtATime) {
  const auto path = write_model(folder_, at::kFloat);
  const StateDict state = load_safetensors(path);
  const auto copy = folder_ / "copy.safetensors";
  const auto peak_of_writing = [&] {
    const std::int64_t before = begin_measuring();
    write_safetensors(copy, state, {}, {at::kBFloat16, SourcePages::release});
    return status_bytes("VmHWM") - before;
  };
  EXPECT_LE(least_of_three(peak_of_writing), 0.5 * model_bytes);
  const at::Tensor written = load_safetensors(copy).at("layer6");
  EXPECT_EQ(written.scalar_type(), at::kBFloat16);
  EXPECT_EQ(written[0].item<float>(), 6.0F);
}

TEST_F(MemoryOfLoading, ValuesBeyondFp16AreRefused) {
  const StateDict state = {{"big", at::full({3}, 1e6)}, {"count", at::ones({1}, at::kLong)}};
  const auto path = folder_ / "half.safetensors";
  EXPECT_NE(error_of([&] { write_safetensors(path, state, {}, {at::kHalf}); }).find("\"big\""),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path));
  write_safetensors(path, state, {}, {at::kBFloat16});
  EXPECT_EQ(load_safetensors(path).at("count").scalar_type(), at::kLong);
}

}  // namespace
}  // namespace oasis::checkpoint
