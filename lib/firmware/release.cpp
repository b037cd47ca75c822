#include "lib/firmware/release.hpp"

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/firmware/application.hpp"
#include "lib/firmware/content_key.hpp"

namespace lamp::firmware {
namespace {

constexpr std::string_view kColumns =
    "model, version, epoch, image_digest, image_size, sequence, content_key, requested, release_digest, nonce, "
    "extra_approvals";

Release from_row(const store::Row& row) {
  Release release;
  release.wanted.name = ReleaseName::parse(row.text(0) + "/" + row.text(1));
  release.wanted.epoch = static_cast<std::uint64_t>(row.integer(2));
  release.wanted.image_digest = row.blob(3);
  release.wanted.image_size = static_cast<std::uint64_t>(row.integer(4));
  release.sequence = static_cast<std::uint64_t>(row.integer(5));
  release.content_key = row.text(6);
  release.requested = from_unix_seconds(row.integer(7));
  if (!row.is_null(8)) release.sealed = row.blob(8);
  release.nonce = row.blob(9);
  release.wanted.extra_approvals = static_cast<std::uint64_t>(row.integer(10));
  return release;
}

std::uint64_t highest(store::Transaction& transaction, std::string_view sql, const std::string& model) {
  const auto row = transaction.query_one(sql, {model});
  return row->is_null(0) ? 0 : static_cast<std::uint64_t>(row->integer(0));
}

bool is_application_name(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() == 2 && is_partner_name(parts[0]) && is_partner_name(parts[1]);
}

/// Why `wanted` is not what the version was requested with.
Verdict compare(const ReleasePolicy& policy, const Release& release, const Wanted& wanted) {
  Verdict verdict;
  const auto differs = [&](const std::string& what, const std::string& was, const std::string& is) {
    if (was != is)
      verdict.objections.push_back(
          refusal(policy, "version",
                  "version " + wanted.name.version + " was requested with " + what + " " + was + ", now it is " + is,
                  "a version is never used for other bytes; take another"));
  };
  differs("image SHA-256", hex(release.wanted.image_digest), hex(wanted.image_digest));
  differs("epoch", std::to_string(release.wanted.epoch), std::to_string(wanted.epoch));
  return verdict;
}

}  // namespace

const store::Schema& release_schema() {
  static const store::Schema tables{
      "release",
      {"CREATE TABLE content_key (id TEXT NOT NULL PRIMARY KEY, model TEXT NOT NULL, token TEXT NOT NULL, "
       "wrapped BYTEA NOT NULL, sealed BYTEA NOT NULL, taken_by TEXT)",
       "CREATE TABLE release (model TEXT NOT NULL, version TEXT NOT NULL, epoch BIGINT NOT NULL, "
       "image_digest BYTEA NOT NULL, image_size BIGINT NOT NULL, sequence BIGINT NOT NULL, "
       "content_key TEXT NOT NULL UNIQUE, requested BIGINT NOT NULL, sealed BIGINT, "
       "release_digest BYTEA, nonce BYTEA NOT NULL, extra_approvals BIGINT NOT NULL, PRIMARY KEY (model, version), "
       "UNIQUE (model, sequence))",
       "CREATE TABLE approved_release (model TEXT NOT NULL, version TEXT NOT NULL, sequence BIGINT NOT NULL, "
       "epoch BIGINT NOT NULL, image_digest BYTEA NOT NULL, approved BIGINT NOT NULL, PRIMARY KEY (model, version), "
       "UNIQUE (model, sequence))"}};
  return tables;
}

ReleaseName ReleaseName::parse(std::string_view text) {
  const auto parts = split(text, '/');
  const bool application = parts.size() == 3 && is_application_name(parts[1]);
  if ((parts.size() != 2 && !application) || !is_name(parts[0]))
    throw Error{Errc::bad_input, "'" + std::string{text} +
                                     "' is not a release: expected MODEL/VERSION, such as smart-lamp/1.1.0, or "
                                     "MODEL/PARTNER.APPLICATION/VERSION"};
  return {std::string{parts[0]}, Version::parse(parts.back()).text(), application ? std::string{parts[1]} : ""};
}

std::optional<Release> find_release(store::Transaction& transaction, const ReleaseName& name) {
  const auto row = transaction.query_one(
      "SELECT " + std::string{kColumns} + " FROM release WHERE model = ? AND version = ?", {name.line(), name.version});
  return row ? std::optional{from_row(*row)} : std::nullopt;
}

ModelHistory history(store::Transaction& transaction, const std::string& line) {
  return {highest(transaction, "SELECT MAX(sequence) FROM release WHERE model = ?", line),
          highest(transaction, "SELECT MAX(sequence) FROM release WHERE model = ? AND sealed IS NOT NULL", line),
          highest(transaction, "SELECT MAX(epoch) FROM release WHERE model = ? AND sealed IS NOT NULL", line)};
}

Verdict check_request(store::Transaction& transaction, const ReleasePolicy& policy, const Wanted& wanted) {
  if (find_release(transaction, wanted.name)) return check_version(transaction, policy, wanted);
  const auto so_far = history(transaction, wanted.name.line());
  return check_order(policy, so_far, next_sequence(policy, so_far), wanted.epoch, wanted.extra_approvals);
}

Verdict check_version(store::Transaction& transaction, const ReleasePolicy& policy, const Wanted& wanted) {
  const auto before = find_release(transaction, wanted.name);
  return before ? compare(policy, *before, wanted) : Verdict{};
}

Verdict check_content_key(store::Transaction& transaction, const Wanted& wanted, const std::string& token_serial) {
  const auto bits = [](std::size_t bytes) { return std::to_string(8 * bytes) + " bits"; };
  const auto size = wanted.content_key_size;
  if (const auto before = find_release(transaction, wanted.name)) {
    if (before->sealed) return {};
    const auto has = size_of(content_key(transaction, before->content_key));
    if (has == size) return {};
    return {{"version " + wanted.name.version + " was requested with a content key of " + bits(has) +
             ", and the model's profile asks for " + bits(size) + ": take another version"}};
  }
  for (const std::size_t other : {16U, 32U})
    if (other != size && stock(transaction, wanted.name.model, token_serial, size) == 0 &&
        stock(transaction, wanted.name.model, token_serial, other) != 0)
      return {{"the content keys in stock for model " + wanted.name.model + " have " + bits(other) +
               ", and its profile asks for " + bits(size) + ": seal a release of any model, which makes new ones"}};
  return {};
}

Release reserve_release(store::Transaction& transaction, const ReleasePolicy& policy, const Wanted& wanted,
                        const std::string& token_serial, ByteView nonce, Instant now) {
  const auto verdict = check_request(transaction, policy, wanted);
  if (!verdict.acceptable()) throw Error{Errc::denied, verdict.objections.front()};
  if (auto before = find_release(transaction, wanted.name)) return *before;
  const auto sequence = next_sequence(policy, history(transaction, wanted.name.line()));
  const auto key =
      take_from_stock(transaction, wanted.name.model, token_serial, wanted.name.text(), wanted.content_key_size);
  transaction.execute(
      "INSERT INTO release (model, version, epoch, image_digest, image_size, sequence, content_key, requested, "
      "nonce, extra_approvals) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {wanted.name.line(), wanted.name.version, static_cast<std::int64_t>(wanted.epoch), wanted.image_digest,
       static_cast<std::int64_t>(wanted.image_size), static_cast<std::int64_t>(sequence), key.id, unix_seconds(now),
       Bytes{nonce.begin(), nonce.end()}, static_cast<std::int64_t>(wanted.extra_approvals)});
  return {wanted, sequence, key.id, now, {nonce.begin(), nonce.end()}, std::nullopt};
}

void renew_request(store::Transaction& transaction, const ReleaseName& name, ByteView nonce, Instant now) {
  const auto release = find_release(transaction, name);
  if (!release) throw Error{Errc::not_found, name.text() + " was never requested on this host"};
  if (release->sealed) throw Error{Errc::denied, name.text() + " is sealed; there is nothing left to ask for"};
  transaction.execute("UPDATE release SET requested = ?, nonce = ? WHERE model = ? AND version = ?",
                      {unix_seconds(now), Bytes{nonce.begin(), nonce.end()}, name.line(), name.version});
}

Verdict check_approved(store::Transaction& transaction, const ReleasePolicy& policy, const Approved& approved) {
  const auto rows = transaction.query(
      "SELECT version, sequence, epoch, image_digest FROM approved_release WHERE model = ? AND "
      "(version = ? OR sequence = ?)",
      {approved.name.line(), approved.name.version, static_cast<std::int64_t>(approved.sequence)});
  for (const auto& row : rows) {
    if (row.text(0) == approved.name.version && static_cast<std::uint64_t>(row.integer(1)) == approved.sequence &&
        static_cast<std::uint64_t>(row.integer(2)) == approved.epoch && row.blob(3) == approved.image_digest)
      continue;
    return {{refusal(policy, "version",
                     "an officer approved version " + row.text(0) + " here before, with sequence number " +
                         std::to_string(row.integer(1)) + ", epoch " + std::to_string(row.integer(2)) +
                         " and image SHA-256 " + hex(row.blob(3)),
                     "a version is never used for other bytes; ask who requested it")}};
  }
  return {};
}

void record_approval(store::Transaction& transaction, const Approved& approved, Instant now) {
  transaction.execute("DELETE FROM approved_release WHERE model = ? AND version = ?",
                      {approved.name.line(), approved.name.version});
  transaction.execute(
      "INSERT INTO approved_release (model, version, sequence, epoch, image_digest, approved) VALUES (?, ?, ?, ?, ?, "
      "?)",
      {approved.name.line(), approved.name.version, static_cast<std::int64_t>(approved.sequence),
       static_cast<std::int64_t>(approved.epoch), approved.image_digest, unix_seconds(now)});
}

void record_seal(store::Transaction& transaction, const ReleaseName& name, ByteView release_digest, Instant now) {
  const auto release = find_release(transaction, name);
  if (!release) throw Error{Errc::not_found, name.text() + " was never requested on this host"};
  const Bytes digest{release_digest.begin(), release_digest.end()};
  if (release->sealed && *release->sealed != digest)
    throw Error{Errc::denied, name.text() + " was sealed before with other bytes"};
  if (release->sealed) return;
  transaction.execute("UPDATE release SET sealed = ?, release_digest = ? WHERE model = ? AND version = ?",
                      {unix_seconds(now), digest, name.line(), name.version});
  transaction.execute("DELETE FROM content_key WHERE id = ?", {release->content_key});
}

ReleaseFiles::ReleaseFiles(const std::filesystem::path& site, const ReleaseName& name)
    : directory{site / "releases" / name.line() / name.version} {}

std::filesystem::path ReleaseFiles::approval(const std::string& officer) const {
  return directory / "approvals" / (officer + ".cbor");
}

}  // namespace lamp::firmware
