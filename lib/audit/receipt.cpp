#include "lib/audit/receipt.hpp"

#include <limits>

#include "lib/audit/stored.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::audit {
namespace {

constexpr std::string_view kHead = "c2sp.org/tlog-proof@v1";

std::string_view line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) throw Error{Errc::bad_input, "it is cut short"};
  const auto found = text.substr(0, end);
  text.remove_prefix(end + 1);
  return found;
}

std::string_view after(std::string_view text, std::string_view word) {
  if (!text.starts_with(word)) throw Error{Errc::bad_input, "it is no receipt"};
  return text.substr(word.size());
}

void require(const Verdict& verdict) {
  if (!verdict.acceptable()) throw Error{Errc::denied, verdict.objections.front()};
}

Receipt read(std::string_view text, std::string_view origin, const Botan::Public_Key& key) {
  if (line(text) != kHead) throw Error{Errc::bad_input, "it is no receipt"};
  const auto opening = from_base64(after(line(text), "extra "));
  Receipt receipt;
  receipt.index = parse_number(after(line(text), "index "), "index", 0, std::numeric_limits<std::int64_t>::max());
  std::vector<Hash> path;
  for (auto hash = line(text); !hash.empty(); hash = line(text)) path.push_back(to_hash(from_base64(hash)));
  const auto note = parse_note(text);
  require(guarded(Errc::bad_input, [&] { return verify_note(note, origin, key); }));
  receipt.checkpoint = parse_checkpoint(note.text);
  if (receipt.checkpoint.origin != origin) throw Error{Errc::denied, "its checkpoint is of another log"};
  cbor::Reader reader{opening};
  reader.array(2);
  const auto salt = reader.bytes();
  const auto event = reader.bytes();
  reader.end();
  if (receipt.index >= receipt.checkpoint.size) throw Error{Errc::denied, "its record is not under its checkpoint"};
  require(check_inclusion(receipt.index, receipt.checkpoint.size, leaf_hash(commitment_of(salt, event)),
                          receipt.checkpoint.root, path));
  std::tie(receipt.at, receipt.event) = decode_event(event);
  return receipt;
}

}  // namespace

Receipt check_receipt(std::string_view receipt, std::string_view origin, const Botan::Public_Key& key) {
  return in_context("the log's receipt", [&] { return read(receipt, origin, key); });
}

}  // namespace lamp::audit
