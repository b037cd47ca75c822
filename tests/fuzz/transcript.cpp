// A ceremony's transcript and every body in it.
#include "lib/firmware/transcript.hpp"

#include <algorithm>

#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace lamp;
using firmware::RecordKind;

template <class Body>
void body(ByteView bytes) {
  const auto read = fuzz::read([&] { return Body::decode(bytes); });
  fuzz::require(!read || std::ranges::equal(read->encode(), bytes), "a record's body has two encodings");
}

void any_body(ByteView bytes) {
  body<firmware::ApprovalBody>(bytes);
  body<firmware::PolicyBody>(bytes);
  body<firmware::TokenBody>(bytes);
  body<firmware::SignatureBody>(bytes);
  body<firmware::ReleaseBody>(bytes);
  body<firmware::RenewalBody>(bytes);
  body<firmware::ReceiptBody>(bytes);
  const auto request = fuzz::read([&] { return firmware::Request::parse(bytes); });
  fuzz::require(!request || std::ranges::equal(request->encode(), bytes), "a request has two encodings");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input{data, size};
  any_body(input);
  const auto transcript = fuzz::read([&] { return firmware::Transcript::parse(input); });
  if (!transcript) return 0;
  fuzz::require(std::ranges::equal(transcript->encoded(), input), "a transcript has two encodings");
  for (const auto& record : transcript->records()) any_body(record.body);
  return 0;
}
