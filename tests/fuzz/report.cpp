// What stations sign and carry as files: production reports, batches of records, escrow boxes, public keys; and the
// orders in them.
#include <algorithm>

#include "lib/binding/escrow.hpp"
#include "lib/cloud/order_check.hpp"
#include "lib/firmware/public_keys.hpp"
#include "lib/pki/signed_document.hpp"
#include "manufacturing/order_report_proof.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView bytes{data, size};
  if (const auto report = fuzz::read([&] { return manufacturing::OrderReport::parse(bytes); })) {
    const auto again = report->encoded();
    fuzz::require(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()), "a report has two encodings");
    (void)manufacturing::judge_report(*report);
    (void)fuzz::read([&] { return manufacturing::prove_units(*report, {}); });
  }
  (void)fuzz::read([&] { return binding::read_escrow(bytes); });
  if (const auto keys = fuzz::read([&] { return firmware::read_public_keys(bytes); }))
    fuzz::require(std::ranges::equal(firmware::encode_public_keys(*keys), bytes), "public keys have two encodings");
  (void)fuzz::read([&] { return pki::parse_documents(bytes); });
  (void)fuzz::read([&] { return cloud::OrderTerms::read(bytes); });
  return 0;
}
