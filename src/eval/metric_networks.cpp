#include "eval/metric_networks.h"

#include <ATen/Context.h>
#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "oasis/core/error.h"
#include "oasis/flow/dis_flow.h"
#include "oasis/flow/raft.h"

namespace oasis::eval {
namespace {

std::shared_ptr<flow::FlowEstimator> load_raft(const std::filesystem::path& file,
                                               const Protocol& protocol, c10::Device device) {
  std::shared_ptr<flow::Raft> raft = flow::Raft::from_file(file.string(), device);
  raft->run_options().iterations = protocol.ewarp_iterations;
  if (device.is_cpu()) raft->run_options().pairs_at_once = 1;
  return raft;
}

}  // namespace

MetricNetworks::MetricNetworks(const std::vector<std::string>& metrics, const Protocol& protocol,
                               WeightFolder& weights, c10::Device device) {
  // Published numbers are those of full float32.
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
  if (protocol.ewarp_dis) flow = std::make_shared<flow::DisFlow>();
  for (const auto& metric : metrics) {
    std::vector<std::filesystem::path> files;
    std::string problem;
    for (const auto& file : weight_files_of(metric, protocol.ewarp_dis)) {
      const auto found = weights.find(file);
      files.push_back(found.path);
      wrong_file = wrong_file || found.wrong;
      if (found.problem.empty()) continue;
      problem += problem.empty() ? found.problem : "; " + found.problem;
    }
    if (problem.empty()) {
      try {
        load(metric, files, protocol, device);
        ready.push_back(metric);
        continue;
      } catch (const Error& error) {
        wrong_file = true;
        problem = error.what();
      }
    }
    missing.push_back({metric, problem});
  }
}

void MetricNetworks::load(const std::string& metric,
                          const std::vector<std::filesystem::path>& files, const Protocol& protocol,
                          c10::Device device) {
  if (files.empty()) return;
  const std::string name = files.front().string();
  if (metric.rfind("lpips", 0) == 0) {
    auto network = std::make_shared<losses::Lpips>(
        metric == "lpips" ? losses::LpipsNet::alex : losses::LpipsNet::vgg, device);
    network->load(WeightFolder::load(files[0]), WeightFolder::load(files[1]), name);
    lpips_[metric] = std::move(network);
  } else if (metric == "clipiqa") {
    auto network = std::make_shared<metrics::ClipIqa>(metrics::ClipImageConfig{},
                                                      protocol.clipiqa_pairs, device);
    network->load(WeightFolder::load(files[0]), name);
    clip_iqa = std::move(network);
  } else if (metric == "dover") {
    auto network = std::make_shared<Dover>(device);
    network->load(WeightFolder::load(files[0]), name);
    dover = std::move(network);
  } else if (!flow) {
    flow = load_raft(files[0], protocol, device);
  }
}

std::shared_ptr<losses::Lpips> MetricNetworks::lpips(const std::string& metric) const {
  return lpips_.at(metric);
}

}  // namespace oasis::eval
