// Measures OASIS on this machine: `oasis-bench model`, `attention`, `train-step`, `degrade`.
#include <string>

#include "bench_attention.h"
#ifdef OASIS_WITH_MEDIA
#include "bench_degrade.h"
#endif
#include "bench_model.h"
#include "bench_options.h"
#include "bench_report.h"
#include "bench_train_step.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/program.h"

namespace oasis::tools {
namespace {

int run(int argc, char** argv) {
#ifdef OASIS_WITH_MEDIA
  if (argc > 1 && std::string(argv[1]) == "degrade") return bench_degrade(argc - 1, argv + 1);
#endif
  if (argc > 1 && std::string(argv[1]) == "attention") {
    install_interrupt_handlers();
    return run_bench_attention(argc, argv);
  }
  if (argc > 1 && std::string(argv[1]) == "train-step") {
    install_interrupt_handlers();
    return run_bench_train_step(argc, argv);
  }
  const auto options = parse_bench_options(argc, argv);
  if (!options) return 0;
  install_interrupt_handlers();
  const auto result = bench_model(*options);
  const bool json_only = options->json && options->json->empty();
  if (!json_only) print_result(*options, result);
  if (options->json) write_json_result(*options, result, *options->json);
  return 0;
}

}  // namespace
}  // namespace oasis::tools

int main(int argc, char** argv) {
  return oasis::run_program([&] { return oasis::tools::run(argc, argv); },
                            "choose fewer --frames or a smaller --width and --height");
}
