#include "lib/base/parse.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/rollout/gate_yaml.hpp"
#include "lib/rollout/plan.hpp"
#include "lib/rollout/plan_form.hpp"

namespace lamp::rollout {
namespace {

constexpr std::uint64_t kFormat = 1;

Bytes encode_release(const PlannedRelease& release) {
  return cbor::MapWriter{}
      .add(1, cbor::text_item(release.model))
      .add(2, cbor::text_item(release.version))
      .add(3, cbor::number_item(release.sequence))
      .add(4, std::move(cbor::Writer{}.bytes(release.artifact)))
      .add(5, cbor::number_item(release.size))
      .encoded();
}

Bytes encode_wave(const Wave& wave) {
  cbor::Writer devices;
  devices.array(wave.devices.size());
  for (const auto& device : wave.devices) devices.text(device);
  return cbor::MapWriter{}
      .add(1, cbor::text_item(wave.name))
      .add(2, cbor::number_item(wave.gate.proven_percent))
      .add(3, cbor::number_item(wave.gate.most_failures))
      .add(4, cbor::number_item(static_cast<std::uint64_t>(wave.gate.soak.count())))
      .add(5, std::move(devices))
      .encoded();
}

/// Reads a map that has exactly the keys 1, 2, ..., in this order.
class Fields {
 public:
  Fields(cbor::Reader& reader, std::uint64_t count) : reader_{reader} {
    if (reader.map() != count) throw Error{Errc::bad_input, "a plan has another number of fields"};
  }
  cbor::Reader& next() {
    if (reader_.integer() != ++key_) throw Error{Errc::bad_input, "a plan has other fields than expected"};
    return reader_;
  }
  std::uint64_t next_number(std::uint64_t low, std::uint64_t high) {
    const auto value = next().unsigned_integer();
    if (value < low || value > high) throw Error{Errc::bad_input, "a number in a plan is out of range"};
    return value;
  }
  std::string next_name() {
    std::string name{next().text()};
    require_name(name, "a name in a plan");
    return name;
  }

 private:
  cbor::Reader& reader_;
  std::int64_t key_ = 0;
};

PlannedRelease decode_release(cbor::Reader& reader) {
  Fields fields{reader, 5};
  PlannedRelease release;
  release.model = fields.next_name();
  release.version = Version::parse(fields.next().text()).text();
  release.sequence = fields.next_number(1, INT64_MAX);
  const auto artifact = fields.next().bytes();
  if (artifact.size() != 32) throw Error{Errc::bad_input, "a plan names its release by SHA-256"};
  release.artifact.assign(artifact.begin(), artifact.end());
  release.size = fields.next_number(1, INT64_MAX);
  return release;
}

Wave decode_wave(cbor::Reader& reader) {
  Fields fields{reader, 5};
  Wave wave;
  wave.name = fields.next_name();
  wave.gate.proven_percent = fields.next_number(1, 100);
  wave.gate.most_failures = fields.next_number(0, kMostDevices);
  wave.gate.soak = std::chrono::seconds{fields.next_number(0, kLongestSoak)};
  for (auto left = fields.next().array(); left > 0; --left) wave.devices.emplace_back(reader.text());
  return wave;
}

}  // namespace

Bytes Plan::canonical() const {
  cbor::Writer encoded_waves;
  encoded_waves.array(waves.size());
  for (const auto& wave : waves) encoded_waves.raw(encode_wave(wave));
  return cbor::MapWriter{}
      .add(1, cbor::number_item(kFormat))
      .add(2, cbor::text_item(project))
      .add(3, std::move(cbor::Writer{}.raw(encode_release(release))))
      .add(4, std::move(cbor::Writer{}.integer(unix_seconds(created))))
      .add(5, cbor::text_item(created_by))
      .add(6, cbor::text_item(policy))
      .add(7, cbor::number_item(approvals_needed))
      .add(8, std::move(encoded_waves))
      .encoded();
}

Plan Plan::from_canonical(ByteView bytes) {
  cbor::Reader reader{bytes};
  Fields fields{reader, 8};
  (void)fields.next_number(kFormat, kFormat);
  Plan plan;
  plan.project = fields.next_name();
  plan.release = decode_release(fields.next());
  plan.created = from_unix_seconds(fields.next().integer());
  plan.created_by = fields.next().text();
  plan.policy = fields.next().text();
  plan.approvals_needed = fields.next_number(1, kMostApprovals);
  auto left = fields.next().array();
  if (left > kMostWaves) throw Error{Errc::bad_input, "a plan has too many waves"};
  for (; left > 0; --left) plan.waves.push_back(decode_wave(reader));
  reader.end();
  if (const auto verdict = check_form(plan); !verdict.acceptable())
    throw Error{Errc::bad_input, "plan: " + verdict.objections.front()};
  return plan;
}

}  // namespace lamp::rollout
