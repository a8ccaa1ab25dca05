#include "oasis/checkpoint/torch_pickle.h"

#include <ATen/Functions.h>

#include <cstdint>
#include <cstring>
#include <random>

#include "temporary_folder.h"

namespace oasis::checkpoint {
namespace {

using TorchPickleTest = TemporaryFolder;

// A little-endian number of `bytes` bytes.
std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 255U);
  return text;
}

std::string text(const std::string& value) {
  return std::string("X") + number(value.size(), 4) + value;
}

// A tensor of shape [2] at `offset` of the float storage "0", which has 3 elements.
std::string tensor_at(int offset) {
  return std::string("ctorch._utils\n_rebuild_tensor_v2\n((") + text("storage") +
         "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\x03tQK" +
         number(static_cast<std::uint64_t>(offset), 1) + "K\x02\x85K\x01\x85\x89NtR";
}

// The legacy format around an object.
std::string legacy_file(const std::string& object) {
  const std::string proto = "\x80\x02";
  std::string file = proto + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  file += proto + std::string("M") + number(1001, 2) + "." + proto + "}.";
  file += proto + object + "." + proto + "]" + text("0") + "a." + number(3, 8);
  for (const float value : {1.0F, 2.0F, 3.0F}) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    file += number(bits, 4);
  }
  return file;
}

std::string item(const std::string& key, const std::string& value) {
  return text(key) + value + "s";
}

TEST_F(TorchPickleTest, ViewsShareTheirStorageAndOutliveTheFile) {
  const auto path = write_file(
      "v.pth", legacy_file(std::string("}") + item("a", tensor_at(0)) + item("b", tensor_at(1))));
  const StateDict tensors = read_pth(path).tensors;
  std::filesystem::remove(path);
  EXPECT_EQ(tensors.at("a")[1].item<float>(), 2.0F);
  EXPECT_EQ(tensors.at("b")[1].item<float>(), 3.0F);
  tensors.at("a")[1].fill_(7);
  EXPECT_EQ(tensors.at("b")[0].item<float>(), 7.0F);
}

TEST_F(TorchPickleTest, ADottedPathSelectsAndPlainValuesAreReported) {
  const std::string inner =
      std::string("}") + item("w", tensor_at(0)) + item("epoch", "K\x05") + item("n", "N");
  const auto path = write_file(
      "s.pth", legacy_file(std::string("}") + item("ema", std::string("}") + item("model", inner)) +
                           item("call", std::string("cos\nsystem\n") + text("true") + "\x85R")));
  const PthFile file = read_pth(path, {"ema.model"});
  EXPECT_EQ(file.tensors.size(), 1U);
  EXPECT_EQ(file.skipped, (std::vector<std::string>{"epoch", "n"}));
  EXPECT_NE(error_of([&] { read_pth(path, {"ema.other"}); }).find("\"model\""), std::string::npos);
  EXPECT_NE(error_of([&] { read_pth(path); }), "");
}

TEST_F(TorchPickleTest, AViewBeyondItsStorageIsRefused) {
  const auto path = write_file("b.pth", legacy_file(std::string("}") + item("a", tensor_at(2))));
  const std::string message = error_of([&] { read_pth(path); });
  EXPECT_NE(message.find("b.pth"), std::string::npos) << message;
  EXPECT_NE(message.find("beyond its storage"), std::string::npos) << message;
}

TEST_F(TorchPickleTest, TwoIdsOfOneStorageMustAgreeOnItsSize) {
  std::string second = tensor_at(1);
  second[second.find("K\x03t") + 1] = 9;
  const auto path = write_file(
      "t.pth", legacy_file(std::string("}") + item("a", tensor_at(0)) + item("b", second)));
  EXPECT_NE(error_of([&] { read_pth(path); }).find("expect 9"), std::string::npos);
}

TEST_F(TorchPickleTest, AKeyThatOccursTwiceIsRefused) {
  const auto path = write_file(
      "k.pth", legacy_file(std::string("}") + item("a", tensor_at(0)) + item("a", tensor_at(1))));
  EXPECT_NE(error_of([&] { read_pth(path); }).find("occurs twice"), std::string::npos);
}

TEST_F(TorchPickleTest, FlippedBitsNeverCrash) {
  const std::string good = legacy_file(std::string("}") + item("a", tensor_at(0)) +
                                       item("sub", std::string("}") + item("b", tensor_at(1))));
  std::mt19937 random(11);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::string bytes = good;
    bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    const auto path = write_file("f.pth", bytes);
    const std::string message = error_of([&] {
      const StateDict tensors = read_pth(path, {"sub"}).tensors;
      for (const auto& entry : tensors) {
        static_cast<void>(entry.second.to(at::kDouble).sum().item<double>());
      }
    });
    refused += message.empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 90);
  EXPECT_LT(refused, 300);
}

}  // namespace
}  // namespace oasis::checkpoint
