// The registry's tables, in the SQL that SQLite and PostgreSQL share. What must be unique across the fleet has a
// reservation table of its own, so that it stays unique when the device table is one day spread over several machines.
#include "lib/registry/device.hpp"

namespace lamp::registry {
namespace {

constexpr std::string_view kDevice = R"(CREATE TABLE device (
  serial TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  mac BIGINT NOT NULL,
  fingerprint TEXT NOT NULL,
  certificate BYTEA NOT NULL,
  claim_salt BYTEA NOT NULL,
  claim_verifier BYTEA NOT NULL,
  state SMALLINT NOT NULL CHECK (state IN (1, 2)),
  station TEXT NOT NULL,
  order_id TEXT NOT NULL,
  record_digest BYTEA NOT NULL,
  completed_at BIGINT NOT NULL,
  registered_at BIGINT NOT NULL,
  project TEXT,
  network TEXT,
  version TEXT,
  version_at BIGINT,
  revoked_at BIGINT))";
constexpr std::string_view kDeviceByProject = "CREATE INDEX device_by_project ON device (project, model)";
constexpr std::string_view kDeviceByOrder = "CREATE INDEX device_by_order ON device (order_id, model)";

constexpr std::string_view kMacClaim = "CREATE TABLE mac_claim (mac BIGINT PRIMARY KEY, serial TEXT NOT NULL)";
constexpr std::string_view kFingerprintClaim =
    "CREATE TABLE fp_claim (fingerprint TEXT PRIMARY KEY, serial TEXT NOT NULL)";
constexpr std::string_view kSerialClaim =
    "CREATE TABLE serial_claim (serial TEXT PRIMARY KEY, record_digest BYTEA NOT NULL)";

constexpr std::string_view kParked = R"(CREATE TABLE parked_record (
  record_digest BYTEA PRIMARY KEY,
  serial TEXT NOT NULL,
  station TEXT NOT NULL,
  reason TEXT NOT NULL,
  certificate BYTEA NOT NULL,
  parked_at BIGINT NOT NULL))";

constexpr std::string_view kProject = R"(CREATE TABLE project (
  name TEXT PRIMARY KEY,
  timezone TEXT NOT NULL,
  created_at BIGINT NOT NULL))";
constexpr std::string_view kMember = R"(CREATE TABLE project_member (
  project TEXT NOT NULL,
  user_name TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (project, user_name, role)))";

constexpr std::string_view kClaim = R"(CREATE TABLE claim (
  serial TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  claimed_by TEXT NOT NULL,
  claimed_at BIGINT NOT NULL))";
constexpr std::string_view kClaimRefusal = R"(CREATE TABLE claim_refusal (
  user_name TEXT NOT NULL,
  slot BIGINT NOT NULL,
  refusals BIGINT NOT NULL,
  PRIMARY KEY (user_name, slot)))";

constexpr std::string_view kNetwork = R"(CREATE TABLE network (
  name TEXT NOT NULL,
  project TEXT NOT NULL,
  gateway TEXT NOT NULL UNIQUE,
  pan_id BIGINT NOT NULL,
  extended_pan_id TEXT NOT NULL UNIQUE,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (project, name)))";
constexpr std::string_view kNetworkMember = R"(CREATE TABLE network_member (
  serial TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  network TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_at BIGINT NOT NULL))";
constexpr std::string_view kMemberByNetwork =
    "CREATE INDEX network_member_by_network ON network_member (project, network)";

constexpr std::string_view kEscrowBox = R"(CREATE TABLE escrow_box (
  serial TEXT NOT NULL,
  name TEXT NOT NULL,
  box BYTEA NOT NULL,
  PRIMARY KEY (serial, name)))";
constexpr std::string_view kOrderSeen = R"(CREATE TABLE order_seen (
  order_id TEXT PRIMARY KEY,
  digest BYTEA NOT NULL,
  station TEXT NOT NULL,
  first_seen BIGINT NOT NULL))";

constexpr std::string_view kDeviceKey = R"(CREATE TABLE device_key (
  serial TEXT NOT NULL,
  name TEXT NOT NULL,
  public_key BYTEA NOT NULL,
  PRIMARY KEY (serial, name)))";
constexpr std::string_view kKeyClaim = "CREATE TABLE key_claim (public_key BYTEA PRIMARY KEY, serial TEXT NOT NULL)";

}  // namespace

const store::Schema& schema() {
  static const store::Schema registry{
      "registry",
      {kDevice, kDeviceByProject, kDeviceByOrder, kMacClaim, kFingerprintClaim, kSerialClaim, kParked, kProject,
       kMember, kClaim, kClaimRefusal, kNetwork, kNetworkMember, kMemberByNetwork, kEscrowBox, kOrderSeen, kDeviceKey,
       kKeyClaim}};
  return registry;
}

}  // namespace lamp::registry
