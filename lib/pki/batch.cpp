#include "lib/pki/batch.hpp"

#include <botan/pk_keys.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/pki/batch_steps.hpp"
#include "lib/pki/key_index.hpp"

namespace lamp::pki {
namespace {

constexpr std::size_t kChunk = 256;
constexpr std::size_t kMostChunks = 40;  // on their way at once: what a batch needs of memory
constexpr unsigned kMostWorkers = 8;

struct Numbered {
  std::uint64_t number = 0;
  Chunk chunk;
};
using Queue = std::deque<Numbered>;

/// Chunks go from the caller to a worker (prepare), to the writer (reserve), to a worker (sign), to the writer
/// (commit), back to the caller. The writer takes all that waits into one transaction: one sync for many reservations
/// and many certificates.
class Pipeline {
 public:
  explicit Pipeline(const BatchPlace& place, const BatchSteps& steps) : place_{place}, steps_{steps} {}
  void run();

 private:
  void feed_and_hand_out();
  [[nodiscard]] std::optional<Numbered> read_chunk();
  [[nodiscard]] std::optional<Numbered> finished_chunk();
  void work();
  void write();
  void write_once(Queue& to_commit, Queue& to_reserve);
  template <class Loop>
  void thread_body(Loop loop) noexcept;
  void stop() noexcept;

  const BatchPlace& place_;
  const BatchSteps& steps_;
  std::mutex mutex_;
  std::condition_variable to_work_, to_write_, to_caller_;
  Queue to_prepare_, to_reserve_, to_sign_, to_commit_;
  std::map<std::uint64_t, Chunk> finished_;
  FreshKeys keys_;  ///< the writer's own
  std::uint64_t read_ = 0, handed_out_ = 0;
  bool stopped_ = false;
  std::exception_ptr failure_;
};

template <class Loop>
void Pipeline::thread_body(Loop loop) noexcept {
  try {
    loop();
  } catch (...) {
    const std::lock_guard lock{mutex_};
    if (!failure_) failure_ = std::current_exception();
  }
  stop();
}

void Pipeline::stop() noexcept {
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  to_work_.notify_all();
  to_write_.notify_all();
  to_caller_.notify_all();
}

void Pipeline::work() {
  SigningHand hand{place_};
  std::unique_lock lock{mutex_};
  for (;;) {
    to_work_.wait(lock, [&] { return stopped_ || !to_sign_.empty() || !to_prepare_.empty(); });
    if (stopped_) return;
    // What is nearer to its end goes first: less lies about unfinished.
    const bool sign = !to_sign_.empty();
    auto& queue = sign ? to_sign_ : to_prepare_;
    auto taken = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    const auto now = place_.clock.now();
    for (auto& work : taken.chunk) sign ? hand.sign(work) : prepare(place_, work, now);
    lock.lock();
    (sign ? to_commit_ : to_reserve_).push_back(std::move(taken));
    to_write_.notify_one();
  }
}

void Pipeline::write_once(Queue& to_commit, Queue& to_reserve) {
  const auto now = place_.clock.now();
  Undo undo;
  place_.database.write([&](store::Transaction& t) {
    undo.restore();
    keys_.begin(t);
    for (auto& [number, chunk] : to_commit) {
      std::vector<const BatchResult*> issued;
      commit(place_, t, chunk, now, issued, undo);
      if (!issued.empty()) steps_.also(t, issued);
    }
    for (auto& [number, chunk] : to_reserve) reserve(place_, t, keys_, chunk, now, undo);
  });
  keys_.committed();
}

void Pipeline::write() {
  std::unique_lock lock{mutex_};
  for (;;) {
    to_write_.wait(lock, [&] { return stopped_ || !to_commit_.empty() || !to_reserve_.empty(); });
    if (stopped_) return;
    Queue to_commit = std::exchange(to_commit_, {}), to_reserve = std::exchange(to_reserve_, {});
    lock.unlock();
    write_once(to_commit, to_reserve);
    lock.lock();
    for (auto& done : to_commit) finished_.emplace(done.number, std::move(done.chunk));
    for (auto& reserved : to_reserve) to_sign_.push_back(std::move(reserved));
    to_work_.notify_all();
    to_caller_.notify_one();
  }
}

std::optional<Numbered> Pipeline::read_chunk() {
  std::vector<BatchItem> items;
  items.reserve(kChunk);
  steps_.next(items, kChunk);
  if (items.empty()) return std::nullopt;
  Numbered numbered{read_++, {}};
  numbered.chunk.reserve(items.size());
  for (auto& item : items) {
    Work work;
    work.item = std::move(item);
    numbered.chunk.push_back(std::move(work));
  }
  return numbered;
}

std::optional<Numbered> Pipeline::finished_chunk() {
  std::unique_lock lock{mutex_};
  to_caller_.wait(lock, [&] { return stopped_ || finished_.contains(handed_out_); });
  if (stopped_) return std::nullopt;
  auto node = finished_.extract(handed_out_++);
  return Numbered{node.key(), std::move(node.mapped())};
}

void Pipeline::feed_and_hand_out() {
  for (bool more = true; more || handed_out_ < read_;) {
    if (more && read_ - handed_out_ < kMostChunks) {
      auto chunk = read_chunk();
      more = chunk.has_value();
      if (!more) continue;
      const std::lock_guard lock{mutex_};
      to_prepare_.push_back(std::move(*chunk));
      to_work_.notify_one();
      continue;
    }
    auto finished = finished_chunk();
    if (!finished) return;  // a thread failed
    std::vector<BatchResult> results;
    results.reserve(finished->chunk.size());
    for (auto& work : finished->chunk) results.push_back(std::move(work.result));
    steps_.done(std::move(results));
  }
}

void Pipeline::run() {
  const auto workers = std::clamp(std::thread::hardware_concurrency(), 2U, kMostWorkers);
  std::vector<std::thread> threads;
  threads.emplace_back([this] { thread_body([this] { write(); }); });
  for (unsigned i = 0; i < workers; ++i) threads.emplace_back([this] { thread_body([this] { work(); }); });
  thread_body([this] { feed_and_hand_out(); });
  for (auto& thread : threads) thread.join();
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace

void issue_batch(const BatchPlace& place, const BatchSteps& steps) {
  if (place.authority.facts() == nullptr)
    throw Error{Errc::denied, "authority " + place.authority.name() + " has no certificate yet; make it first"};
  Pipeline{place, steps}.run();
}

BatchResult try_item(const BatchPlace& place, const BatchItem& item) {
  Work work;
  work.item = item;
  prepare(place, work, place.clock.now());
  if (work.next == Work::Next::reserve) work.result.outcome = BatchResult::Outcome::issued;
  return work.result;
}

}  // namespace lamp::pki
