// ca_bench ours COUNT [BEFORE] | botan COUNT | cfssl COUNT PORT | requests COUNT FOLDER
// One line per figure: name, certificates, certificates a second, processor time of this process for each.
#include "tests/bench/ca_bench.hpp"

#include <botan/pem.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

#include "lib/base/file.hpp"

namespace lamp::bench {
namespace {

void write_requests(const Requests& requests, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (std::size_t i = 0; i < requests.requests.size(); ++i)
    publish(folder / (std::to_string(i + 1) + ".csr"),
            Botan::PEM_Code::encode(requests.requests[i], "CERTIFICATE REQUEST"));
}

void run(const std::vector<std::string>& arguments) {
  const auto number = [&](std::size_t index) -> std::uint64_t {
    return index < arguments.size() ? std::strtoull(arguments[index].c_str(), nullptr, 10) : 0;
  };
  if (arguments.size() < 2 || number(1) == 0) throw std::runtime_error{"see the first lines of ca_bench.cpp"};
  const auto requests = make_requests(number(1));
  if (arguments[0] == "ours") return ours(requests, number(2));
  if (arguments[0] == "botan") return botan_x509_ca(requests);
  if (arguments[0] == "cfssl") return cfssl_serve(requests, static_cast<std::uint16_t>(number(2)), 8);
  if (arguments[0] == "requests" && arguments.size() == 3) return write_requests(requests, arguments[2]);
  throw std::runtime_error{"see the first lines of ca_bench.cpp"};
}

}  // namespace
}  // namespace lamp::bench

int main(int argc, char** argv) {
  try {
    lamp::bench::run({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ca_bench: %s\n", e.what());
    return 3;
  }
}
