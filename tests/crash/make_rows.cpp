// make_rows COUNT NAME: a batch's input as CSV, with requests and public keys in turn. Of each 250 rows, the 7th has a
// request with a wrong signature and the 8th neither request nor key. NAME begins each device's serial number.
#include <botan/base64.h>
#include <botan/pk_keys.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/pki/small_request.hpp"

namespace {

constexpr std::uint64_t kPeriod = 250, kWrong = 7, kEmpty = 8;

void print_row(std::uint64_t row, const std::string& name) {
  const auto key = lamp::test::make_key();
  std::string request, public_key;
  if (row % kPeriod == kWrong || (row % 2 == 0 && row % kPeriod != kEmpty)) {
    auto der = lamp::test::make_request(*key);
    if (row % kPeriod == kWrong) der.back() ^= 0x01U;
    request = Botan::base64_encode(der);
  } else if (row % kPeriod != kEmpty) {
    public_key = Botan::base64_encode(key->subject_public_key());
  }
  std::printf("%s,%s,%s-%09llu,smart-lamp\r\n", request.c_str(), public_key.c_str(), name.c_str(),
              static_cast<unsigned long long>(row));
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = argc == 3 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (count == 0) {
    std::fprintf(stderr, "make_rows: say how many rows, and how the serial numbers begin\n");
    return 2;
  }
  std::printf("csr,public_key,serial,model\r\n");
  for (std::uint64_t row = 1; row <= count; ++row) print_row(row, argv[2]);
  return std::fflush(stdout) == 0 ? 0 : 3;
}
