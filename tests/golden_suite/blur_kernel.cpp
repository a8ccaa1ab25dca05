#include "oasis/degrade/blur_kernel.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "frame_tensor.h"
#include "registry.h"

namespace oasis::golden {
namespace {

using degrade::BlurType;

BlurType type_named(const std::string& name) {
  static const std::map<std::string, BlurType> types{
      {"iso", BlurType::iso},
      {"aniso", BlurType::aniso},
      {"generalized_iso", BlurType::generalized_iso},
      {"generalized_aniso", BlurType::generalized_aniso},
      {"plateau_iso", BlurType::plateau_iso},
      {"plateau_aniso", BlurType::plateau_aniso},
      {"sinc", BlurType::sinc}};
  return types.at(name);
}

void check_blur_kernel(const Fixture& fixture) {
  const auto& types = fixture.config().at("types");
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(types.size()); ++i) {
    const auto value = [&](const char* name) { return fixture.input(name)[i].item<double>(); };
    const degrade::KernelParameters parameters{type_named(types.at(static_cast<std::size_t>(i))),
                                               fixture.input("size")[i].item<int>(),
                                               value("sigma_x"),
                                               value("sigma_y"),
                                               value("theta"),
                                               value("beta"),
                                               value("omega")};
    fixture.expect_close(fmt::format("kernel.{:02}", i),
                         to_tensor(degrade::blur_kernel(parameters)).squeeze(2));
  }
}

const AreaRegistration registration("blur_kernel", &check_blur_kernel);

}  // namespace
}  // namespace oasis::golden
