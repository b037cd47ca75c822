#include <arpa/inet.h>
#include <botan/data_src.h>
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/pem.h>
#include <botan/pkcs10.h>
#include <botan/system_rng.h>
#include <botan/x509_ca.h>
#include <botan/x509self.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "tests/bench/ca_bench.hpp"
#include "tests/bench/measure.hpp"
#include "tests/pki/small_request.hpp"

namespace lamp::bench {
namespace {

/// One connection that is kept: a request, its answer, the next.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error{"cfssl does not listen"};
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  void sign(const std::string& body) {
    send_all(
        "POST /api/v1/cfssl/sign HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    if (answer().find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      throw std::runtime_error{"cfssl gave no certificate"};
  }

 private:
  void send_all(const std::string& text) {
    for (std::size_t sent = 0; sent < text.size();) {
      const auto now = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) throw std::runtime_error{"cfssl closed the connection"};
      sent += static_cast<std::size_t>(now);
    }
  }
  void receive(std::string& to) {
    std::array<char, 8192> buffer{};
    const auto got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) throw std::runtime_error{"cfssl closed the connection"};
    to.append(buffer.data(), static_cast<std::size_t>(got));
  }
  std::string answer() {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos) receive(text);
    const auto head = text.find("\r\n\r\n") + 4;
    const auto length = text.find("Content-Length: ");
    if (length != std::string::npos && length < head) {
      const auto size = std::stoul(text.substr(length + 16));
      while (text.size() < head + size) receive(text);
    } else {
      while (!text.ends_with("0\r\n\r\n")) receive(text);  // chunked
    }
    return text;
  }

  int socket_;
};

}  // namespace

Requests make_requests(std::uint64_t count) {
  Requests made;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto key = test::make_key();
    made.keys.push_back(key->subject_public_key());
    made.requests.push_back(
        test::make_request(*key, {.public_key_info = made.keys.back(), .common_name = "device-" + std::to_string(i)}));
  }
  return made;
}

void botan_x509_ca(const Requests& requests) {
  auto& rng = Botan::system_rng();
  const Botan::ECDSA_PrivateKey key{rng, Botan::EC_Group::from_name("secp256r1")};
  Botan::X509_Cert_Options options{"Bench CA/XX/Bench"};
  options.CA_key();
  const auto own = Botan::X509::create_self_signed_cert(options, key, "SHA-256", rng);
  Botan::X509_CA authority{own, key, "SHA-256", rng};
  const Botan::X509_Time from{std::chrono::system_clock::now()};
  const Botan::X509_Time until{std::chrono::system_clock::now() + std::chrono::hours{24 * 365}};
  const Stopwatch watch;
  for (const auto& der : requests.requests) {
    const Botan::PKCS10_Request request{der};  // checks the signature
    const auto certificate = authority.sign_request(request, rng, from, until).BER_encode();
    if (certificate.empty()) throw std::runtime_error{"Botan gave no certificate"};
  }
  report("Botan X509_CA, software key, one thread, no database", requests.requests.size(), watch.lap());
}

void cfssl_serve(const Requests& requests, std::uint16_t port, unsigned connections) {
  std::vector<std::string> bodies;
  for (const auto& der : requests.requests)
    bodies.push_back(
        nlohmann::json{{"certificate_request", Botan::PEM_Code::encode(der, "CERTIFICATE REQUEST")}}.dump());
  std::atomic<std::size_t> next{0}, failed{0};
  const Stopwatch watch;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < connections; ++i)
    threads.emplace_back([&] {
      try {
        Client client{port};
        for (auto at = next++; at < bodies.size(); at = next++) client.sign(bodies[at]);
      } catch (const std::exception&) {
        ++failed;
      }
    });
  for (auto& thread : threads) thread.join();
  if (failed != 0) throw std::runtime_error{"a connection to cfssl failed"};
  report("cfssl serve, software key, no database, " + std::to_string(connections) + " connections", bodies.size(),
         watch.lap());
}

}  // namespace lamp::bench
