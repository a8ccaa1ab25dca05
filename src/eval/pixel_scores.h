#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "eval/meter.h"
#include "oasis/eval/protocol.h"
#include "oasis/infer/bounded_queue.h"

namespace oasis::eval {

/// PSNR and SSIM. Frames do not depend on one another: each is given to one of several threads.
class PixelScores : public Meter {
 public:
  /// Told the PSNR of each frame, of Y if that is measured, from any of the threads but by one at a
  /// time.
  using Watch = std::function<void(const FramePair&, double)>;

  /// `metrics`: those of the catalogue that begin with psnr or ssim.
  PixelScores(std::vector<std::string> metrics, const Protocol& protocol, int threads, Watch watch);
  ~PixelScores() override;

  void add(const FramePair& pair) override;
  void finish(ClipResult& result) override;

 private:
  void work();
  void score(const FramePair& pair);
  void close();

  std::vector<std::string> metrics_;
  Protocol protocol_;
  Watch watch_;
  infer::BoundedQueue<FramePair> queue_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;                         // of what follows
  std::vector<std::vector<double>> scores_;  // by metric, then by frame
  std::exception_ptr error_;
};

}  // namespace oasis::eval
