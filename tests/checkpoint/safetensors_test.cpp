#include "oasis/checkpoint/safetensors.h"

#include <ATen/Functions.h>

#include <cstdint>
#include <random>

#include "temporary_folder.h"

namespace oasis::checkpoint {
namespace {

using SafetensorsTest = TemporaryFolder;

// "a", F32 [1, -2]: the smallest whole file, 72 bytes.
const std::string golden_bytes = std::string("\x38\0\0\0\0\0\0\0", 8) +
                                 R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  )" +
                                 std::string("\0\0\x80\x3f\0\0\0\xc0", 8);

std::string file_of(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    length[i] = static_cast<char>(header.size() >> (8 * i) & 255U);
  return length + header + data;
}

TEST_F(SafetensorsTest, WritesTheGoldenBytes) {
  const auto path = folder_ / "a.safetensors";
  write_safetensors(path, {{"a", at::tensor({1.0F, -2.0F})}}, {});
  EXPECT_EQ(read_file(path), golden_bytes);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a.safetensors.part"));
}

TEST_F(SafetensorsTest, ReadsTheGoldenBytes) {
  const SafetensorsFile file = read_safetensors(write_file("a.safetensors", golden_bytes));
  ASSERT_EQ(file.entries().size(), 1U);
  EXPECT_EQ(file.entries().front().shape, std::vector<std::int64_t>{2});
  const at::Tensor a = file.tensor("a");
  EXPECT_EQ(a[0].item<float>(), 1.0F);
  EXPECT_EQ(a[1].item<float>(), -2.0F);
  EXPECT_TRUE(file.metadata().empty());
}

TEST_F(SafetensorsTest, EveryDtypeSurvivesTheRoundTrip) {
  StateDict tensors;
  for (const auto dtype :
       {at::kBool, at::kByte, at::kChar, at::kShort, at::kInt, at::kLong, at::kHalf, at::kBFloat16,
        at::kFloat, at::kDouble, at::kUInt16, at::kUInt32, at::kUInt64, at::kComplexFloat,
        at::kFloat8_e4m3fn, at::kFloat8_e5m2, at::kFloat8_e4m3fnuz, at::kFloat8_e5m2fnuz}) {
    tensors.emplace(toString(dtype), at::tensor({0.0, 1.0, 1.0}).to(dtype));
  }
  tensors.emplace("scalar", at::scalar_tensor(3.5));
  tensors.emplace("empty", at::empty({2, 0, 3}, at::kHalf));
  tensors.emplace("view", at::arange(6).reshape({2, 3}).t());
  const auto path = folder_ / "all.safetensors";
  write_safetensors(path, tensors);

  const SafetensorsFile file = read_safetensors(path);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.entries().size(), tensors.size());
  for (const auto& [name, expected] : tensors) {
    SCOPED_TRACE(name);
    const at::Tensor actual = file.tensor(name);
    EXPECT_EQ(actual.scalar_type(), expected.scalar_type());
    ASSERT_EQ(actual.sizes(), expected.sizes());
    const auto as_number = expected.is_complex() ? at::kComplexDouble : at::kDouble;
    EXPECT_TRUE(at::equal(actual.to(as_number), expected.to(as_number)));
  }
}

TEST_F(SafetensorsTest, LargerElementsComeFirstAndDataAreAligned) {
  const auto path = folder_ / "order.safetensors";
  write_safetensors(path, {{"a", at::ones({3}, at::kByte)},
                           {"b", at::ones({1}, at::kHalf)},
                           {"c", at::ones({1}, at::kFloat)},
                           {"d", at::ones({1}, at::kLong)}});
  std::string order;
  const SafetensorsFile file = read_safetensors(path);
  for (const auto& entry : file.entries()) order += entry.name;
  EXPECT_EQ(order, "dcba");
  EXPECT_EQ(static_cast<unsigned char>(read_file(path)[0]) % 8, 0);
}

TEST_F(SafetensorsTest, TensorsOutliveTheReaderAndCanBeWrittenTo) {
  const auto path = write_file("a.safetensors", golden_bytes);
  at::Tensor a;
  {
    const SafetensorsFile file = read_safetensors(path);
    a = file.tensor("a");
  }
  std::filesystem::remove(path);
  EXPECT_EQ(a.sum().item<float>(), -1.0F);
  a.add_(1);
  EXPECT_EQ(a.sum().item<float>(), 1.0F);
}

TEST_F(SafetensorsTest, WritingIntoATensorLeavesTheFileAlone) {
  const auto path = write_file("a.safetensors", golden_bytes);
  read_safetensors(path).tensor("a").zero_();
  EXPECT_EQ(read_file(path), golden_bytes);
}

TEST_F(SafetensorsTest, RewritingAMappedFileIsSafe) {
  const auto path = write_file("a.safetensors", golden_bytes);
  const StateDict old = read_safetensors(path).tensors();
  write_safetensors(path, {{"b", at::zeros({1000})}});
  EXPECT_EQ(old.at("a")[1].item<float>(), -2.0F);
  EXPECT_TRUE(read_safetensors(path).has("b"));
}

TEST_F(SafetensorsTest, OneNameTwiceIsRefusedAndNamed) {
  const auto path = write_file("twice.safetensors",
                               file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                       R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                                       "xy"));
  const std::string message = error_of([&] { read_safetensors(path); });
  EXPECT_NE(message.find("twice.safetensors"), std::string::npos) << message;
  EXPECT_NE(message.find("\"a\" occurs twice"), std::string::npos) << message;
}

TEST_F(SafetensorsTest, NumbersMustBePlainIntegers) {
  for (const std::string extent : {"2.0", "2e0", "-2", "-0", "02", "\"2\"", "null", "[2]",
                                   "18446744073709551616", "9223372036854775808"}) {
    const auto path = write_file(
        "n.safetensors",
        file_of(R"({"a":{"dtype":"U8","shape":[)" + extent + R"(],"data_offsets":[0,2]}})", "xy"));
    EXPECT_NE(error_of([&] { read_safetensors(path); }), "") << extent;
  }
}

TEST_F(SafetensorsTest, ABoolIsZeroOrOne) {
  const std::string header = R"({"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})";
  const auto good = write_file("good.safetensors", file_of(header, std::string("\1\0", 2)));
  EXPECT_TRUE(read_safetensors(good).tensor("a")[0].item<bool>());
  const auto bad = write_file("bad.safetensors", file_of(header, "\1\2"));
  EXPECT_NE(error_of([&] { read_safetensors(bad).tensors(); }), "");
}

TEST_F(SafetensorsTest, AFolderIsReadByItsIndex) {
  write_safetensors(folder_ / "m-1.safetensors", {{"a", at::ones({2})}});
  write_safetensors(folder_ / "m-2.safetensors", {{"b", at::zeros({3})}});
  EXPECT_NE(error_of([&] { load_safetensors(folder_); }).find("several"), std::string::npos);
  write_file("m.safetensors.index.json",
             R"({"metadata":{},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}})");
  const StateDict tensors = load_safetensors(folder_);
  EXPECT_EQ(tensors.size(), 2U);
  EXPECT_EQ(tensors.at("b").numel(), 3);
}

TEST_F(SafetensorsTest, ATensorInTwoShardsIsRefused) {
  write_safetensors(folder_ / "m-1.safetensors", {{"a", at::ones({2})}});
  write_safetensors(folder_ / "m-2.safetensors", {{"a", at::ones({2})}, {"b", at::zeros({3})}});
  const auto index = write_file("m.safetensors.index.json",
                                R"({"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}})");
  EXPECT_NE(error_of([&] { load_safetensors(index); }).find("\"a\""), std::string::npos);
}

TEST_F(SafetensorsTest, WhatCannotBeWrittenIsAnErrorAndLeavesNothing) {
  const auto path = folder_ / "x.safetensors";
  EXPECT_NE(error_of([&] {
              write_safetensors(path, {{"z", at::ones({1}, at::kComplexDouble)}});
            }),
            "");
  EXPECT_NE(error_of([&] { write_safetensors(path, {{"\xff", at::ones({1})}}); }), "");
  EXPECT_NE(error_of([&] { write_safetensors(folder_ / "no" / "x", {}); }), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(SafetensorsTest, FlippedHeaderBitsNeverCrash) {
  write_safetensors(folder_ / "good.safetensors",
                    {{"weight", at::ones({3, 2})}, {"bias", at::ones({3}, at::kBFloat16)}});
  const std::string good = read_file(folder_ / "good.safetensors");
  const std::size_t header_end = 8 + static_cast<unsigned char>(good[0]);
  std::mt19937 random(20240607);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string bytes = good;
    for (int flip = 0; flip <= round % 3; ++flip) {
      bytes[random() % header_end] ^= static_cast<char>(1U << random() % 8);
    }
    const auto path = write_file("flipped.safetensors", bytes);
    const std::string message = error_of([&] {
      const StateDict tensors = read_safetensors(path).tensors();
      for (const auto& entry : tensors) {
        static_cast<void>(entry.second.to(at::kDouble).sum().item<double>());
      }
    });
    refused += message.empty() ? 0 : 1;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
  // A flip inside a name or a metadata string leaves a valid file.
  EXPECT_GT(refused, 200);
  EXPECT_LT(refused, 400);
}

}  // namespace
}  // namespace oasis::checkpoint
