#include "manufacturing/adapter.hpp"

#include "lib/base/error.hpp"
#include "manufacturing/dfuse_adapter.hpp"
#include "manufacturing/esp_adapter.hpp"
#include "manufacturing/lamp_adapter.hpp"

namespace lamp::manufacturing {

std::unique_ptr<Adapter> open_adapter(Bench& bench, const std::string& port, const Models& models,
                                      Botan::RandomNumberGenerator& rng) {
  auto plug = bench.open(port);
  if (auto* frames = std::get_if<std::unique_ptr<Fixture>>(&plug))
    return std::make_unique<LampAdapter>(std::move(*frames), bench, port, models, rng);
  if (auto* dfu = std::get_if<std::unique_ptr<DfuPort>>(&plug))
    return std::make_unique<DfuseAdapter>(std::move(*dfu), bench, port, models, rng);
  if (auto* esp = std::get_if<std::unique_ptr<EspPort>>(&plug))
    return std::make_unique<EspAdapter>(std::move(*esp), bench, port, models, rng);
  return nullptr;
}

}  // namespace lamp::manufacturing
