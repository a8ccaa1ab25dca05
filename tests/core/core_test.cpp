#include <gtest/gtest.h>

#include <csignal>

#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/progress.h"
#include "oasis/core/token_grid.h"

namespace oasis {
namespace {

ExitCode code_of(const std::string& device) {
  try {
    parse_device(device);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::done;
}

TEST(Device, NamesAreStrict) {
  EXPECT_EQ(parse_device("cpu"), c10::Device(c10::kCPU));
  for (const char* wrong : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "CPU"}) {
    EXPECT_EQ(code_of(wrong), ExitCode::usage) << wrong;
  }
  EXPECT_EQ(code_of("cuda:4096"), ExitCode::failed);
}

TEST(Device, PrecisionDefaultsByDevice) {
  EXPECT_EQ(parse_precision("", c10::Device(c10::kCPU)), c10::kFloat);
  EXPECT_EQ(parse_precision("", c10::Device(c10::kCUDA, 0)), c10::kBFloat16);
  for (const char* name : {"fp32", "bf16", "fp16"}) {
    EXPECT_EQ(precision_name(parse_precision(name, c10::Device(c10::kCPU))), name);
  }
  EXPECT_THROW(parse_precision("float", c10::Device(c10::kCPU)), Error);
}

TEST(Progress, FormatsDurations) {
  EXPECT_EQ(format_duration(0), "0:00");
  EXPECT_EQ(format_duration(75.4), "1:15");
  EXPECT_EQ(format_duration(3675), "1:01:15");
  EXPECT_EQ(format_duration(59.6), "1:00");
}

TEST(TokenGrid, CountsTokens) {
  const TokenGrid grid{9, 45, 80};
  EXPECT_EQ(grid.per_frame(), 3600);
  EXPECT_EQ(grid.count(), 32400);
}

TEST(Interrupt, SignalBecomesAnError) {
  EXPECT_EXIT(
      {
        install_interrupt_handlers();
        throw_if_interrupted();  // nothing has arrived yet
        std::raise(SIGTERM);
        try {
          throw_if_interrupted();
        } catch (const Error& error) {
          std::_Exit(static_cast<int>(error.code()));
        }
        std::_Exit(0);
      },
      ::testing::ExitedWithCode(143), "");
}

}  // namespace
}  // namespace oasis
