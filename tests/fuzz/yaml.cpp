// Every file that people hand to the tools, from one text.
#include "lib/config/yaml.hpp"
#include "lib/binding/label_design.hpp"
#include "lib/pki/profile.hpp"
#include "lib/rollout/plan.hpp"
#include "manufacturing/order.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const std::string text{fuzz::text({data, size})};
  (void)fuzz::read([&] { return pki::Profile::read(config::Node::parse(text, "fuzz.yaml")); });
  (void)fuzz::read([&] { return manufacturing::Order::parse(text, "fuzz.yaml"); });
  (void)fuzz::read([&] { return rollout::Plan::parse(text, "fuzz.yaml"); });
  (void)fuzz::read([&] { return binding::LabelDesign::parse(text, "fuzz.yaml"); });
  return 0;
}
