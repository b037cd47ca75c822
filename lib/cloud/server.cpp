#include "lib/cloud/server.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "lib/cloud/connection.hpp"
#include "lib/cloud/plain_stream.hpp"

namespace lamp::cloud {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A connection is either watched (the system tells when it has something to read) or with one worker.
struct Client {
  Client(std::unique_ptr<Stream> stream, const ConnectionContext& context) : connection{std::move(stream), context} {}
  Connection connection;
  bool with_worker = false;
  bool established = false;
  SteadyTime since = std::chrono::steady_clock::now();
};

constexpr std::uint64_t kListener = 0, kStop = 1, kFirstClient = 2;
/// One event for one worker: watched again only when that worker is done.
constexpr std::uint32_t kReadable = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;

}  // namespace

struct Server::Impl {
  Impl(ServerOptions with, std::optional<TlsContext> tls_context, const Router& routes, Identify who, ServerLog to)
      : options{std::move(with)},
        tls{std::move(tls_context)},
        identify{std::move(who)},
        log{std::move(to)},
        context{options, routes, identify, log},
        listener{Socket::listen(options.address, options.port)},
        epoll{::epoll_create1(EPOLL_CLOEXEC)} {
    if (epoll.descriptor() < 0) throw Error{Errc::unavailable, "epoll_create1 failed"};
    if (!watch(listener.descriptor(), kListener, EPOLLIN, EPOLL_CTL_ADD))
      throw Error{Errc::unavailable, "cannot watch the listening socket"};
  }

  [[nodiscard]] bool watch(int descriptor, std::uint64_t id, std::uint32_t events, int operation) const noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    return ::epoll_ctl(epoll.descriptor(), operation, descriptor, &event) == 0;
  }

  [[nodiscard]] bool full() {
    const std::lock_guard lock{mutex};
    return clients.size() >= options.connections;
  }

  /// While the house is full the listener is not watched, or it would wake us without end.
  void open_or_shut_door() {
    const bool shut = full();
    if (shut == door_shut) return;
    if (watch(listener.descriptor(), kListener, shut ? 0U : EPOLLIN, EPOLL_CTL_MOD)) door_shut = shut;
    if (shut) log("no more than " + std::to_string(options.connections) + " connections at once; others wait");
  }

  void accept_waiting() {
    while (!full()) {
      auto socket = listener.accept();
      if (!socket) return;
      const auto added = attempt([&] {
        add(std::move(*socket));
        return true;
      });
      if (const auto* failed = std::get_if<Error>(&added))
        log(std::string{"cannot take a connection: "} + failed->what());
    }
  }

  [[nodiscard]] std::unique_ptr<Stream> stream_over(Socket socket) const {
    if (!tls) return std::make_unique<PlainStream>(std::move(socket));
    return std::make_unique<TlsStream>(TlsStream::serve(std::move(socket), *tls));
  }

  void add(Socket socket) {
    auto client = std::make_unique<Client>(stream_over(std::move(socket)), context);
    const int descriptor = client->connection.descriptor();
    const std::lock_guard lock{mutex};
    const auto id = next_id++;
    if (!watch(descriptor, id, kReadable, EPOLL_CTL_ADD)) throw Error{Errc::unavailable, "cannot watch it"};
    clients.emplace(id, std::move(client));
  }

  void hand_over(std::uint64_t id) {
    const std::lock_guard lock{mutex};
    const auto found = clients.find(id);
    if (found == clients.end()) return;
    found->second->with_worker = true;
    ready.push_back(id);
    work.notify_one();
  }

  /// Ends connections that are quiet for too long. Those with a worker have deadlines of their own.
  void drop_idle() {
    std::vector<std::unique_ptr<Client>> dropped;
    {
      const std::lock_guard lock{mutex};
      const auto now = std::chrono::steady_clock::now();
      for (auto c = clients.begin(); c != clients.end();) {
        const auto limit = c->second->established ? options.idle : options.handshake;
        if (!c->second->with_worker && now - c->second->since > limit) {
          dropped.push_back(std::move(c->second));
          c = clients.erase(c);
        } else {
          ++c;
        }
      }
    }
  }

  void serve(std::uint64_t id) {
    Client* client = nullptr;
    {
      const std::lock_guard lock{mutex};
      client = clients.at(id).get();
    }
    const auto next = attempt([&] { return client->connection.proceed(); });
    const auto* failed = std::get_if<Error>(&next);
    if (failed != nullptr && !client->connection.established())
      log("refused " + client->connection.peer() + ": " + failed->what());
    bool keep = failed == nullptr && std::get<Connection::Next>(next) == Connection::Next::wait;
    if (!keep) client->connection.close();
    const std::lock_guard lock{mutex};
    client->with_worker = false;
    client->established = client->connection.established();
    client->since = std::chrono::steady_clock::now();
    keep = keep && !stopping && watch(client->connection.descriptor(), id, kReadable, EPOLL_CTL_MOD);
    if (!keep) clients.erase(id);
  }

  void work_on() {
    for (;;) {
      std::uint64_t id = 0;
      {
        std::unique_lock lock{mutex};
        work.wait(lock, [&] { return stopping || !ready.empty(); });
        if (ready.empty()) return;
        id = ready.front();
        ready.pop_front();
      }
      serve(id);
    }
  }

  void stop_workers() {
    {
      const std::lock_guard lock{mutex};
      stopping = true;
    }
    work.notify_all();
    workers.clear();  // joins
    clients.clear();
  }

  void watch_until_stopped() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int count = ::epoll_wait(epoll.descriptor(), events.data(), static_cast<int>(events.size()), 1000);
      if (count < 0 && errno != EINTR) throw Error{Errc::unavailable, "epoll_wait failed"};
      for (int i = 0; i < count; ++i) {
        const auto id = events.at(static_cast<std::size_t>(i)).data.u64;
        if (id == kStop) return;
        if (id == kListener) accept_waiting();
        if (id >= kFirstClient) hand_over(id);
      }
      drop_idle();
      open_or_shut_door();
    }
  }

  const ServerOptions options;
  const std::optional<TlsContext> tls;
  const Identify identify;
  const ServerLog log;
  const ConnectionContext context;
  Socket listener;
  Socket epoll;
  bool door_shut = false;  ///< the watching thread's

  std::mutex mutex;  ///< guards what follows
  std::condition_variable work;
  std::unordered_map<std::uint64_t, std::unique_ptr<Client>> clients;
  std::deque<std::uint64_t> ready;
  std::uint64_t next_id = kFirstClient;
  bool stopping = false;

  std::vector<std::jthread> workers;
};

Server::Server(ServerOptions options, TlsContext tls, const Router& router, Identify identify, ServerLog log)
    : impl_{std::make_unique<Impl>(std::move(options), std::move(tls), router, std::move(identify), std::move(log))} {}

Server::Server(ServerOptions options, const Router& router, Identify identify, ServerLog log)
    : impl_{std::make_unique<Impl>(std::move(options), std::nullopt, router, std::move(identify), std::move(log))} {}

Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->listener.local_port(); }

void Server::run(int stop) {
  if (!impl_->watch(stop, kStop, EPOLLIN, EPOLL_CTL_ADD)) throw Error{Errc::internal, "cannot watch the stop signal"};
  for (std::size_t i = 0; i < impl_->options.workers; ++i) impl_->workers.emplace_back([this] { impl_->work_on(); });
  const auto watched = attempt([&] {
    impl_->watch_until_stopped();
    return true;
  });
  impl_->stop_workers();
  if (const auto* failed = std::get_if<Error>(&watched)) rethrow(*failed);
}

}  // namespace lamp::cloud
