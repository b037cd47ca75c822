#include "hsm/ceremony_transcript.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::ceremony {
namespace {

constexpr std::size_t kDigestLength = 32;
constexpr std::string_view kKeyOf = "key of ";
constexpr std::array<std::string_view, 6> kKinds{"begin", "start", "failed", "resumed", "done", "end"};

Bytes encode_content(const Record& r) {
  cbor::Writer details;
  details.array(r.details.size());
  for (const auto& [name, value] : r.details) details.array(2).text(name).text(value);
  return cbor::MapWriter{}
      .add(1, cbor::Writer{}.unsigned_integer(r.number))
      .add(2, cbor::Writer{}.bytes(r.previous))
      .add(3, cbor::Writer{}.integer(unix_seconds(r.at)))
      .add(4, cbor::Writer{}.text(text(r.kind)))
      .add(5, cbor::Writer{}.unsigned_integer(r.step))
      .add(6, std::move(details))
      .encoded();
}

Bytes to_owned(ByteView view) { return {view.begin(), view.end()}; }

Kind parse_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name);
  if (found == kKinds.end()) throw Error{Errc::bad_input, "it is of an unknown kind"};
  return static_cast<Kind>(found - kKinds.begin());
}

void expect_key(cbor::Reader& reader, std::uint64_t key) {
  if (reader.unsigned_integer() != key) throw Error{Errc::bad_input, "its fields are not those of a record"};
}

void read_content(Record& r) {
  cbor::Reader reader{r.content};
  if (reader.map() != 6) throw Error{Errc::bad_input, "its fields are not those of a record"};
  expect_key(reader, 1);
  r.number = reader.unsigned_integer();
  expect_key(reader, 2);
  r.previous = to_owned(reader.bytes());
  expect_key(reader, 3);
  r.at = from_unix_seconds(reader.integer());
  expect_key(reader, 4);
  r.kind = parse_kind(reader.text());
  expect_key(reader, 5);
  r.step = reader.unsigned_integer();
  expect_key(reader, 6);
  for (auto left = reader.array(); left > 0; --left) {
    reader.array(2);
    std::string name{reader.text()};
    r.details.emplace_back(std::move(name), reader.text());
  }
  reader.end();
}

Record read_record(cbor::Reader& file) {
  Record r;
  cbor::Reader reader{file.item()};
  reader.array(2);
  r.content = to_owned(reader.bytes());
  for (auto left = reader.array(); left > 0; --left) r.signatures.push_back(to_owned(reader.bytes()));
  read_content(r);
  return r;
}

void require_link(const Record& r, const std::vector<Record>& before) {
  const auto expected = before.empty() ? Bytes(kDigestLength) : before.back().digest();
  if (r.number != before.size() || r.previous != expected)
    throw Error{Errc::bad_input, "it does not follow the record before it: something was changed, removed or moved"};
  if (!before.empty() && r.at < before.back().at) throw Error{Errc::bad_input, "its time is before the last record's"};
  if ((r.kind == Kind::begin) != before.empty()) throw Error{Errc::bad_input, "a transcript has one beginning"};
}

}  // namespace

std::string_view context_of(Mode mode) noexcept {
  return mode == Mode::real ? "lamp-ceremony-v1" : "lamp-ceremony-rehearsal-v1";
}
std::string_view text(Mode mode) noexcept { return mode == Mode::real ? "real" : "REHEARSAL"; }
std::string_view text(Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }
bool is_signed(Kind kind) noexcept { return kind == Kind::begin || kind == Kind::done || kind == Kind::end; }

const std::string* Record::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(details, [&](const auto& d) { return d.first == name; });
  return found == details.end() ? nullptr : &found->second;
}

const std::string& Record::value(std::string_view name) const {
  const auto* found = find(name);
  if (found == nullptr)
    throw Error{Errc::bad_input, "record " + std::to_string(number) + " has no '" + std::string{name} + "'"};
  return *found;
}

Bytes Record::encoded() const {
  cbor::Writer list;
  list.array(2).bytes(content).array(signatures.size());
  for (const auto& signature : signatures) list.bytes(signature);
  return std::move(list).encoded();
}

Bytes Record::digest() const { return sha256(encoded()); }

std::vector<Record> parse_records(ByteView file) {
  std::vector<Record> records;
  cbor::Reader reader{file};
  while (!reader.at_end()) {
    in_context("record " + std::to_string(records.size()), [&] {
      auto record = read_record(reader);
      require_link(record, records);
      records.push_back(std::move(record));
    });
  }
  if (records.empty()) throw Error{Errc::bad_input, "there is no record in it"};
  return records;
}

Mode mode_of(const Record& begin) {
  const auto& mode = begin.value("mode");
  for (const auto known : {Mode::real, Mode::rehearsal})
    if (mode == text(known)) return known;
  throw Error{Errc::bad_input, "record 0 is neither of a real ceremony nor of a rehearsal"};
}

std::vector<Person> people_of(const Record& begin) {
  std::vector<Person> people;
  for (const auto& [name, value] : begin.details) {
    if (!name.starts_with(kKeyOf)) continue;
    people.push_back({name.substr(kKeyOf.size()), from_base64(value)});
  }
  if (people.size() < 2) throw Error{Errc::bad_input, "record 0 names no conductor with a witness"};
  return people;
}

Details begin_details(const Plan& plan, Mode mode, const std::string& site, const std::string& program,
                      const std::vector<Signer>& signers) {
  Details details{{"mode", std::string{text(mode)}},
                  {"ceremony", plan.name},
                  {"purpose", plan.purpose},
                  {"steps", std::to_string(plan.steps.size())},
                  {"steps-digest", hex(plan.digest)},
                  {"site", site},
                  {"program", program},
                  {"conductor", plan.conductor}};
  for (const auto& witness : plan.witnesses) details.emplace_back("witness", witness);
  for (const auto& signer : signers)
    details.emplace_back(std::string{kKeyOf} + signer.name, base64(Botan::X509::BER_encode(*signer.key->public_key())));
  return details;
}

std::vector<std::string> judge_signatures(const Record& record, const std::vector<Person>& people, Mode mode) {
  const auto which = "record " + std::to_string(record.number) + " (" + std::string{text(record.kind)} + ")";
  const auto wanted = is_signed(record.kind) ? people.size() : 0;
  if (record.signatures.size() != wanted)
    return {which + " has " + std::to_string(record.signatures.size()) + " signatures, not " + std::to_string(wanted)};
  std::vector<std::string> objections;
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto judged = attempt([&] {
      const auto key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(people[i].public_key); });
      return cose::verify1(cose::parse_sign1(record.signatures[i]), *key, record.content, context_of(mode));
    });
    const auto whose = which + ", signature of " + people[i].name + ": ";
    if (const auto* error = std::get_if<Error>(&judged))
      objections.push_back(whose + error->what());
    else
      for (const auto& objection : std::get<Verdict>(judged).objections) objections.push_back(whose + objection);
  }
  return objections;
}

Transcript::Transcript(std::filesystem::path file, Mode mode) : file_{std::move(file)}, mode_{mode} {
  if (!std::filesystem::exists(file_)) return;
  encoded_ = read_file(file_);
  records_ = in_context(file_.string(), [&] { return parse_records(encoded_); });
}

const Record& Transcript::add(Kind kind, std::uint64_t step, Details details, Instant at,
                              const std::vector<Signer>& signers, Botan::RandomNumberGenerator& rng) {
  Record r;
  r.number = records_.size();
  r.previous = records_.empty() ? Bytes(kDigestLength) : records_.back().digest();
  r.at = at;
  r.kind = kind;
  r.step = step;
  r.details = std::move(details);
  if (!records_.empty() && at < records_.back().at)
    throw Error{Errc::denied, "this host's clock says " + format_instant(at) +
                                  ", before the transcript's last record (" + format_instant(records_.back().at) +
                                  "); set the clock"};
  r.content = encode_content(r);
  if (is_signed(kind))
    for (const auto& signer : signers)
      r.signatures.push_back(in_context("signature of " + signer.name,
                                        [&] { return cose::sign1(*signer.key, rng, r.content, context_of(mode_)); }));
  auto longer = encoded_;
  append(longer, r.encoded());
  publish(file_, ByteView{longer});
  encoded_ = std::move(longer);
  return records_.emplace_back(std::move(r));
}

std::string show(const std::vector<Record>& records) {
  config::YamlWriter out;
  out.begin_list();
  for (const auto& r : records) {
    out.begin_map().key("record").value(r.number).key("time").value(format_instant(r.at));
    out.key("kind").value(text(r.kind));
    if (r.step != 0) out.key("step").value(r.step);
    out.key("details").begin_list();
    for (const auto& [name, value] : r.details) out.begin_map().key(name).value(value).end_map();
    out.end_list();
    out.key("signatures").value(static_cast<std::uint64_t>(r.signatures.size()));
    out.key("digest").value(hex(r.digest())).end_map();
  }
  return out.end_list().text();
}

}  // namespace lamp::ceremony
