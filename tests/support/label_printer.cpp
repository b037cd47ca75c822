// label_printer PORT-FILE OUT-FILE: a printer as a station sees it, a port of this host that takes jobs and answers
// nothing. Writes its port to PORT-FILE, appends what it gets to OUT-FILE, stops at SIGTERM.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>

namespace {

extern "C" void stop(int) { ::_exit(0); }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::signal(SIGTERM, stop);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 4) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return 3;
  const std::string made = std::string{argv[1]} + ".new";
  std::ofstream{made} << ntohs(address.sin_port) << '\n';
  if (std::rename(made.c_str(), argv[1]) != 0) return 3;
  for (;;) {
    const int job = ::accept(listener, nullptr, nullptr);
    if (job < 0) return 3;
    std::ofstream out{argv[2], std::ios::binary | std::ios::app};
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::read(job, buffer.data(), buffer.size())) > 0;) out.write(buffer.data(), n);
    out.close();
    ::close(job);
  }
}
