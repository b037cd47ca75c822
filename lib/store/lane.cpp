#include "lib/store/lane.hpp"

#include <utility>

#include "lib/base/error.hpp"

namespace lamp::store {
namespace {

constexpr int kMostTries = 5;
// The first of a company waits for the last.
constexpr std::size_t kMostTogether = 64;

/// Undoes what was not committed, however the scope is left.
class Scope {
 public:
  explicit Scope(Connection& connection) noexcept : connection_{connection} {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { connection_.roll_back(); }

 private:
  Connection& connection_;
};

/// Whatever `step` throws: a caller's exception has to wait until the company's commit is over.
template <class Step>
std::exception_ptr failure_of(Step&& step) {
  try {
    std::forward<Step>(step)();
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace

Lane::Lane(const std::filesystem::path& path, Access access)
    : connection_{path, access}, begin_{access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN"} {}

void Lane::refuse_inside() const {
  if (holder_ == std::this_thread::get_id())
    throw Error{Errc::internal, "a transaction was begun inside a transaction"};
}

void ReadLane::run(const Act& act) {
  refuse_inside();
  const std::lock_guard lock{mutex_};
  run_alone(act);
}

void Lane::run_alone(const Act& act) {
  for (int tries = 1;; ++tries) {
    const auto result = attempt([&] {
      once(act);
      return true;
    });
    if (std::holds_alternative<bool>(result)) return;
    if (!connection_.was_busy() || tries == kMostTries) rethrow(std::get<Error>(result));
  }
}

void Lane::once(const Act& act) {
  connection_.forget_busy();
  const Scope scope{connection_};
  connection_.execute(begin_);
  call(act);
  connection_.execute("COMMIT");
}

void Lane::call(const Act& act) {
  struct Release {
    std::atomic<std::thread::id>& holder;
    ~Release() { holder = std::thread::id{}; }
  };
  holder_ = std::this_thread::get_id();
  const Release release{holder_};
  act(connection_);
}

WriteLane::WriteLane(const std::filesystem::path& path) : Lane{path, Access::write}, checkpointer_{path} {
  connection_.after_commit([this](std::uint64_t pages) { tend_log(pages); });
}

/// Called by SQLite, in the thread that committed.
void WriteLane::tend_log(std::uint64_t pages) noexcept {
  checkpointer_.grown(pages);
  // When it cannot be done now, it is tried after the next commit.
  if (pages >= Checkpointer::kLongest) (void)connection_.carry_log_over();
}

void WriteLane::run(const Act& act) {
  refuse_inside();
  ++waiting_;
  std::unique_lock lock{mutex_};
  --waiting_;
  if (take_part(lock, act)) return;
  if (open_) commit();  // of others, who found somebody waiting: this thread
  run_alone(act);
}

bool WriteLane::take_part(std::unique_lock<std::mutex>& lock, const Act& act) {
  if (!admit()) return false;
  const auto company = open_;
  const bool first = company->acts++ == 0;
  const auto failure = failure_of([&] {
    call(act);
    if (!first) connection_.execute("RELEASE act");
  });
  if (failure && first) {
    // Nobody else's work is in it.
    connection_.roll_back();
    open_.reset();
    if (connection_.was_busy()) return false;
    std::rethrow_exception(failure);
  }
  if (failure && !undo_last()) {
    end(false, failure);
    return false;
  }
  if (failure && connection_.was_busy()) return false;
  await_end(lock, *company);
  if (!company->durable && company->acts == 1 && !connection_.was_busy()) std::rethrow_exception(company->failure);
  // What the act read, and threw for, may have been another's that came to nothing: it is asked again.
  if (!company->durable) return false;
  if (failure) std::rethrow_exception(failure);
  return true;
}

/// Begins a transaction, or joins the open one.
bool WriteLane::admit() {
  connection_.forget_busy();
  return failure_of([&] {
           auto company = open_ ? open_ : std::make_shared<Company>();
           connection_.execute(open_ ? "SAVEPOINT act" : "BEGIN IMMEDIATE");
           open_ = std::move(company);
         }) == nullptr;
}

/// False when SQLite has undone the whole transaction, as it may when the disk is full.
bool WriteLane::undo_last() {
  if (!connection_.in_transaction()) return false;
  return failure_of([&] {
           connection_.execute("ROLLBACK TO act");
           connection_.execute("RELEASE act");
         }) == nullptr;
}

void WriteLane::await_end(std::unique_lock<std::mutex>& lock, Company& company) {
  if (waiting_ > 0 && company.acts < kMostTogether)
    changed_.wait(lock, [&] { return company.over; });
  else
    commit();
}

void WriteLane::commit() {
  const auto failure = failure_of([&] { connection_.execute("COMMIT"); });
  end(failure == nullptr, failure);
}

void WriteLane::end(bool durable, std::exception_ptr failure) {
  connection_.roll_back();
  open_->durable = durable;
  open_->failure = std::move(failure);
  open_->over = true;
  open_.reset();
  changed_.notify_all();
}

}  // namespace lamp::store
