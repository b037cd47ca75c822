#include "lib/store/connection.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "lib/base/error.hpp"

namespace lamp::store {
namespace {

constexpr int kBusyMilliseconds = 10'000;
// The service uses some dozens of texts; more means that somebody builds SQL from data.
constexpr std::size_t kMostStatements = 256;

/// Gives a cached statement back unbound, so that it holds neither a lock nor a caller's bytes.
class Borrowed {
 public:
  explicit Borrowed(sqlite3_stmt* statement) noexcept : statement_{statement} {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

Errc code_of(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM: return Errc::unavailable;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return Errc::denied;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return Errc::bad_input;
    case SQLITE_CONSTRAINT:
      return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ? Errc::exists : Errc::internal;
    default: return Errc::internal;
  }
}

std::string reason(sqlite3* connection, int code) {
  const int cause = connection == nullptr ? 0 : sqlite3_system_errno(connection);
  switch (code & 0xff) {
    case SQLITE_FULL: return "the disk is full; make room and run the command again";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "another program kept the database busy for too long; run the command again";
    case SQLITE_NOTADB: return "not a database of this program";
    case SQLITE_CORRUPT: return "the database is damaged; restore it from a backup";
    case SQLITE_READONLY:
    case SQLITE_PERM: return "this account may not write the database";
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (cause == ENOSPC || cause == EDQUOT) return "the disk is full; make room and run the command again";
      if (cause != 0) return std::string{"the disk did not answer: "} + std::strerror(cause);
      break;
    default: break;
  }
  return connection == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection);
}

Value value_of(sqlite3_stmt* statement, int column) {
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(statement, column);
    case SQLITE_TEXT: {
      const auto* text = sqlite3_column_text(statement, column);
      return std::string(text, text + size);
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
      return size == 0 ? Bytes{} : Bytes(bytes, bytes + size);
    }
    case SQLITE_NULL: return std::monostate{};
    default: throw Error{Errc::internal, "a column holds a floating-point number"};
  }
}

Row row_of(sqlite3_stmt* statement) {
  const int columns = sqlite3_column_count(statement);
  std::vector<Value> values;
  values.reserve(static_cast<std::size_t>(columns));
  for (int column = 0; column < columns; ++column) values.push_back(value_of(statement, column));
  return Row{std::move(values)};
}

int bind_one(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, index, *number);
  if (const auto* text = std::get_if<std::string>(&value))
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  if (const auto* bytes = std::get_if<Bytes>(&value)) {
    // A null pointer would bind NULL instead of an empty value.
    const void* data = bytes->empty() ? static_cast<const void*>("") : bytes->data();
    return sqlite3_bind_blob64(statement, index, data, bytes->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

}  // namespace

void Connection::CloseStatement::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
void Connection::CloseConnection::operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }

Connection::Connection(const std::filesystem::path& path, Access access) : name_{path.string()} {
  sqlite3* opened = nullptr;
  // No SQLite mutex: Database gives a connection to one thread at a time.
  const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  connection_.reset(opened);
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_busy_timeout(opened, kBusyMilliseconds);
  enter_wal();
  // secure_delete: an erased salt must be gone from the file as well.
  run_script("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON");
  // The pages of a million fingerprints are touched at random. Only what is used takes memory: 64 MiB at most.
  run_script("PRAGMA cache_size=-65536");
  if (access == Access::read) run_script("PRAGMA query_only=ON");
}

Connection::~Connection() = default;

std::int64_t Connection::execute(std::string_view sql, const std::vector<Value>& parameters) {
  auto* statement = prepared(sql);
  const Borrowed borrowed{statement};
  bind(statement, parameters);
  while (step(statement)) {
  }
  return sqlite3_stmt_readonly(statement) != 0 ? 0 : sqlite3_changes64(connection_.get());
}

std::vector<Row> Connection::query(std::string_view sql, const std::vector<Value>& parameters) {
  auto* statement = prepared(sql);
  const Borrowed borrowed{statement};
  bind(statement, parameters);
  std::vector<Row> rows;
  while (step(statement)) rows.push_back(row_of(statement));
  return rows;
}

void Connection::query_each(std::string_view sql, const std::vector<Value>& parameters,
                            const std::function<bool(const Row&)>& act) {
  auto* statement = prepared(sql);
  const Borrowed borrowed{statement};
  bind(statement, parameters);
  while (step(statement) && act(row_of(statement))) {
  }
}

void Connection::run_script(std::string_view sql) {
  while (!sql.empty()) {
    const auto statement = prepare(sql, &sql);
    if (!statement) break;  // only white space was left
    while (step(statement.get())) {
    }
  }
}

void Connection::enter_wal() {
  // SQLite does not wait for other connections here, whatever the busy timeout says.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds{kBusyMilliseconds};
  for (;;) {
    forget_busy();
    const auto result = attempt([this] { return query("PRAGMA journal_mode=WAL"); });
    if (std::holds_alternative<std::vector<Row>>(result)) return;
    if (!was_busy() || std::chrono::steady_clock::now() > give_up) rethrow(std::get<Error>(result));
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

void Connection::after_commit(std::function<void(std::uint64_t)> act) {
  after_commit_ = std::move(act);
  // It takes the place of SQLite's own, which is a hook of this kind.
  const auto hook = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<Connection*>(self)->after_commit_(static_cast<std::uint64_t>(pages));
    return SQLITE_OK;
  };
  sqlite3_wal_hook(connection_.get(), hook, this);
}

std::optional<std::uint64_t> Connection::carry_log_over() noexcept {
  int in_log = 0, carried = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &carried);
  if (code != SQLITE_OK || carried < 0) return std::nullopt;
  return static_cast<std::uint64_t>(carried);
}

bool Connection::in_transaction() const noexcept { return sqlite3_get_autocommit(connection_.get()) == 0; }

void Connection::roll_back() noexcept {
  // Nothing to report: a failed rollback leaves the transaction to be undone when the file is next opened.
  if (in_transaction()) sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Connection::Statement Connection::prepare(std::string_view sql, std::string_view* rest) {
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      rest == nullptr ? SQLITE_PREPARE_PERSISTENT : 0U, &statement, &tail);
  if (code != SQLITE_OK) fail(code);
  const auto left = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  if (rest != nullptr) {
    *rest = left;
  } else if (statement == nullptr || left.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    sqlite3_finalize(statement);
    throw Error{Errc::internal, name_ + ": not exactly one statement"};
  }
  return Statement{statement};
}

sqlite3_stmt* Connection::prepared(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    if (sqlite3_stmt_busy(found->second.get()) == 0) return found->second.get();
    throw Error{Errc::internal, name_ + ": a statement is used while it runs"};
  }
  if (statements_.size() >= kMostStatements) statements_.clear();
  return statements_.emplace(std::string{sql}, prepare(sql)).first->second.get();
}

void Connection::bind(sqlite3_stmt* statement, const std::vector<Value>& parameters) {
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) != parameters.size())
    throw Error{Errc::internal, name_ + ": a statement got the wrong number of parameters"};
  int index = 0;
  for (const auto& parameter : parameters)
    if (const int code = bind_one(statement, ++index, parameter); code != SQLITE_OK) fail(code);
}

bool Connection::step(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(code);
  return false;
}

void Connection::fail(int code) {
  was_busy_ = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
  throw Error{code_of(code), name_ + ": " + reason(connection_.get(), code)};
}

}  // namespace lamp::store
