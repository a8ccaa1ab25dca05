#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <torch/torch.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/data/packed_samples.h"
#include "oasis/model/oasis_model.h"
#include "oasis/train/checkpoint_folder.h"
#include "tiny_training.h"

namespace oasis::train {

/// Runs `oasis-train` as a user does, on a very small model and packed samples of moving waves.
class TrainProgram : public ::testing::Test {
 protected:
  using Arguments = std::vector<std::string>;
  using Variables = std::map<std::string, std::string>;

  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "oasis-train-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    make_model();
    make_samples();
    write_config();
  }
  void TearDown() override {
    for (const pid_t process : started_) {
      kill(process, SIGKILL);
      waitpid(process, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
  }

  /// Starts the program on the output folder `output`; standard error goes to `output` + ".log".
  pid_t start(const std::string& output, const Arguments& more, const Variables& variables = {}) {
    Arguments arguments = {"oasis-train",
                           "--config",
                           (folder_ / "config.yaml").string(),
                           "--set",
                           "output=" + (folder_ / output).string(),
                           "--threads",
                           "1",
                           "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    const std::string log = log_path(output, variables);
    const pid_t child = fork();
    if (child != 0) {
      started_.insert(child);
      return child;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(file, STDERR_FILENO);
    execv(OASIS_BIN_DIR "/oasis-train", raw.data());
    _exit(99);
  }

  /// The exit code of a process that was started, minus the number of the signal that ended it, or
  /// 1000 if it is still running after `seconds`.
  int wait_for(pid_t process, double seconds = 60) {
    int status = 0;
    const bool ended =
        within(seconds, [&] { return waitpid(process, &status, WNOHANG) == process; });
    if (!ended) return 1000;
    started_.erase(process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  int run(const std::string& output, const Arguments& more) {
    return wait_for(start(output, more));
  }

  static bool within(double seconds, const std::function<bool()>& condition) {
    const auto start = std::chrono::steady_clock::now();
    while (!condition()) {
      const auto passed = std::chrono::steady_clock::now() - start;
      if (std::chrono::duration<double>(passed).count() > seconds) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  std::vector<std::int64_t> checkpoints(const std::string& output) const {
    return CheckpointFolder(folder_ / output).steps();
  }
  std::int64_t newest(const std::string& output) const {
    const auto steps = checkpoints(output);
    return steps.empty() ? 0 : steps.back();
  }
  /// Waits for a checkpoint of `step` or a later one.
  bool reaches(const std::string& output, std::int64_t step) const {
    return within(60, [&] { return newest(output) >= step; });
  }

  std::string log(const std::string& output, const Variables& variables = {}) const {
    return contents(log_path(output, variables));
  }

  /// The files of the finished model by name.
  std::map<std::string, std::string> model_files(const std::string& output) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / output / "model")) {
      files[entry.path().filename().string()] = contents(entry.path());
    }
    return files;
  }
  void expect_same_model(const std::string& a, const std::string& b) const {
    const auto first = model_files(a);
    const auto second = model_files(b);
    EXPECT_GT(first.size(), 3U);
    ASSERT_EQ(first.size(), second.size());
    for (const auto& [name, bytes] : first) EXPECT_TRUE(bytes == second.at(name)) << name;
  }

  /// The distance of two models relative to their length, all weights as one vector.
  double distance(const std::string& a, const std::string& b) const {
    double error = 0;
    double size = 0;
    for (const char* part : {"projector", "dit", "decoder", "dit_ema"}) {
      const std::string file = std::string("model/") + part + ".safetensors";
      const auto first = checkpoint::load_safetensors(folder_ / a / file);
      const auto second = checkpoint::load_safetensors(folder_ / b / file);
      for (const auto& [name, tensor] : first) {
        const at::Tensor difference = tensor.to(at::kDouble) - second.at(name).to(at::kDouble);
        error += difference.square().sum().item<double>();
        size += tensor.to(at::kDouble).square().sum().item<double>();
      }
    }
    return std::sqrt(error / size);
  }

  static int free_port() {
    const int file = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(file, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(file, reinterpret_cast<sockaddr*>(&address), &size);
    close(file);
    return ntohs(address.sin_port);
  }
  static Variables torchrun(int rank, int world, int port) {
    return {{"RANK", std::to_string(rank)},
            {"LOCAL_RANK", std::to_string(rank)},
            {"WORLD_SIZE", std::to_string(world)},
            {"MASTER_ADDR", "127.0.0.1"},
            {"MASTER_PORT", std::to_string(port)}};
  }

  std::filesystem::path folder_;

 private:
  static std::string contents(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  std::filesystem::path log_path(const std::string& output, const Variables& variables) const {
    const auto rank = variables.find("RANK");
    return folder_ / (output + (rank == variables.end() ? "" : "-" + rank->second) + ".log");
  }

  void make_model() const {
    model::initialise_model_folder(folder_ / "start", testing::smallest_model(), 3);
  }

  void make_samples() const {
    data::PackedWriter writer(folder_ / "samples", 4);
    for (std::uint64_t n = 0; n < 10; ++n) {
      const at::Tensor t = at::arange(5, at::kFloat).view({1, 5, 1, 1});
      const at::Tensor y = at::arange(64, at::kFloat).view({1, 1, 64, 1});
      const at::Tensor x = at::arange(64, at::kFloat).view({1, 1, 1, 64});
      const at::Tensor c = at::arange(3, at::kFloat).view({3, 1, 1, 1});
      data::TrainingSample sample;
      sample.uid = n;
      sample.hq = 0.8 * at::sin(0.3 * x + 0.2 * y + 0.4 * t + c + 0.7 * static_cast<double>(n));
      sample.lq = at::avg_pool2d(sample.hq, {4, 4}, {4, 4});
      writer.add(sample, n);
    }
    writer.finish();
  }

  void write_config() const {
    std::ofstream(folder_ / "config.yaml")
        << "output: unset\nstart: " << (folder_ / "start").string()
        << "\nhead_map: all_global\nseed: 5\nprecision: fp32\n"
           "train: {parts: all, steps: 5, save_every: 100000, keep_last: 3,"
           " validate_every: 100000}\n"
           "batch: {global: 6, micro: 1}\n"
           "data: {train: "
        << (folder_ / "samples").string()
        << ", frames: 5, width: 64, height: 64, threads: 1}\n"
           "degradation: bicubic\n"
           "loss: {latent: off, pixel: charbonnier, gradient: 0.1, lpips: off, warp: off,"
           " flow: off}\n"
           "optimizer: {rate: 3.0e-3, warmup: 4, ema: 0.9}\n";
  }

  std::set<pid_t> started_;
};

}  // namespace oasis::train
