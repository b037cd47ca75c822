#include "lib/store/database.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lib/base/error.hpp"
#include "lib/store/lane.hpp"

namespace lamp::store {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kApplicationId = 0x4c414d50;  // "LAMP" in the file's header

template <class T>
const T& as(const Value& value, const char* type) {
  if (const auto* found = std::get_if<T>(&value)) return *found;
  throw Error{Errc::internal, std::string{"a column of the result is not "} + type};
}

const Value& column_of(const std::vector<Value>& values, std::size_t column) {
  if (column < values.size()) return values[column];
  throw Error{Errc::internal, "the result has only " + std::to_string(values.size()) + " columns"};
}

Connection& connection_of(void* connection) { return *static_cast<Connection*>(connection); }

/// SQLite would make the file with the umask's mode, readable by others for a moment. An existing file is not opened
/// here: closing it again would drop this process's POSIX locks on it.
void make_private_file(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
    return;
  }
  const int error = errno;
  if (error == EEXIST) return;
  if (error == ENOENT)
    throw Error{Errc::not_found, path.string() + ": the folder of this database is absent; run 'lamp init' first"};
  if (error == ENOSPC || error == EDQUOT)
    throw Error{Errc::unavailable, path.string() + ": the disk is full; make room and run the command again"};
  throw Error{error == EACCES || error == EROFS ? Errc::denied : Errc::unavailable,
              path.string() + ": " + std::strerror(error)};
}

bool is_ours(Connection& connection) {
  return connection.query("PRAGMA application_id").at(0).integer(0) == kApplicationId;
}

/// Marks a fresh file as ours; leaves everybody else's alone.
void adopt(Connection& connection, const fs::path& path) {
  if (is_ours(connection)) return;
  if (connection.query("SELECT count(*) FROM sqlite_master").at(0).integer(0) != 0)
    throw Error{Errc::bad_input, path.string() + ": not a database of this program"};
  connection.run_script(
      "PRAGMA application_id=1279348048;"
      "CREATE TABLE component (name TEXT PRIMARY KEY, version BIGINT NOT NULL)");
}

std::size_t version_of(Connection& connection, const Schema& schema) {
  const auto rows = connection.query("SELECT version FROM component WHERE name = ?", {std::string{schema.component}});
  const std::size_t version = rows.empty() ? 0 : static_cast<std::size_t>(rows[0].integer(0));
  if (version > schema.steps.size())
    throw Error{Errc::denied, "the database was written by a newer version of this program (" +
                                  std::string{schema.component} + " " + std::to_string(version) +
                                  ", known here: " + std::to_string(schema.steps.size()) + "); update the program"};
  return version;
}

}  // namespace

std::int64_t Row::integer(std::size_t column) const {
  return as<std::int64_t>(column_of(values_, column), "an integer");
}
const std::string& Row::text(std::size_t column) const { return as<std::string>(column_of(values_, column), "a text"); }
const Bytes& Row::blob(std::size_t column) const { return as<Bytes>(column_of(values_, column), "a byte string"); }
bool Row::is_null(std::size_t column) const {
  return std::holds_alternative<std::monostate>(column_of(values_, column));
}

std::int64_t Transaction::execute(std::string_view sql, std::vector<Value> parameters) {
  return connection_of(connection_).execute(sql, parameters);
}

std::vector<Row> Transaction::query(std::string_view sql, std::vector<Value> parameters) {
  return connection_of(connection_).query(sql, parameters);
}

void Transaction::query_each(std::string_view sql, std::vector<Value> parameters,
                             const std::function<bool(const Row&)>& act) {
  connection_of(connection_).query_each(sql, parameters, act);
}

std::optional<Row> Transaction::query_one(std::string_view sql, std::vector<Value> parameters) {
  auto rows = query(sql, std::move(parameters));
  if (rows.size() > 1) throw Error{Errc::internal, "a query for one row gave " + std::to_string(rows.size())};
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

struct Database::Impl {
  explicit Impl(const fs::path& path) : writer{path}, reader{path} {}
  WriteLane writer;
  ReadLane reader;
};

Database::Database(const fs::path& path) {
  make_private_file(path);
  impl_ = std::make_unique<Impl>(path);
  bool known = false;
  impl_->reader.run([&](Connection& connection) { known = is_ours(connection); });
  if (!known) impl_->writer.run([&](Connection& connection) { adopt(connection, path); });
}

Database::Database(Database&&) noexcept = default;
Database::~Database() = default;

void Database::migrate(const Schema& schema) {
  std::size_t version = 0;
  impl_->reader.run([&](Connection& connection) { version = version_of(connection, schema); });
  if (version == schema.steps.size()) return;
  impl_->writer.run([&](Connection& connection) {
    // Read again: another process may have come first.
    for (std::size_t step = version_of(connection, schema); step < schema.steps.size(); ++step)
      connection.run_script(schema.steps[step]);
    connection.execute(
        "INSERT INTO component (name, version) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET version = "
        "excluded.version",
        {std::string{schema.component}, static_cast<std::int64_t>(schema.steps.size())});
  });
}

void Database::run_write(const std::function<void(Transaction&)>& act) {
  impl_->writer.run([&](Connection& connection) {
    Transaction transaction{&connection};
    act(transaction);
  });
}

void Database::run_read(const std::function<void(Transaction&)>& act) {
  impl_->reader.run([&](Connection& connection) {
    Transaction transaction{&connection};
    act(transaction);
  });
}

}  // namespace lamp::store
