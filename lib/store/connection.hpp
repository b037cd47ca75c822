// One SQLite connection with its prepared statements. Private to lib/store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/store/database.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace lamp::store {

enum class Access { write, read };

class Connection {
 public:
  /// The file must exist. Throws Error{bad_input} when it is no database.
  Connection(const std::filesystem::path& path, Access access);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  std::int64_t execute(std::string_view sql, const std::vector<Value>& parameters = {});
  [[nodiscard]] std::vector<Row> query(std::string_view sql, const std::vector<Value>& parameters = {});
  /// Row by row; `act` says whether to go on. It may run other statements, but not this one.
  void query_each(std::string_view sql, const std::vector<Value>& parameters,
                  const std::function<bool(const Row&)>& act);
  /// Several statements without parameters.
  void run_script(std::string_view sql);

  /// Calls `act` after each commit with the length of the write-ahead log in pages. It must not throw, and sees to it
  /// that a long log is carried over: SQLite does so no more.
  void after_commit(std::function<void(std::uint64_t pages)> act);
  /// Copies what is in the write-ahead log into the database's file, as far as nobody's snapshot forbids it, and gives
  /// how many pages of the log were carried over since it began; nothing when it cannot be done now.
  std::optional<std::uint64_t> carry_log_over() noexcept;

  /// Whether the last statement failed because another connection was writing: the transaction may be tried again.
  [[nodiscard]] bool was_busy() const noexcept { return was_busy_; }
  void forget_busy() noexcept { was_busy_ = false; }
  [[nodiscard]] bool in_transaction() const noexcept;
  void roll_back() noexcept;

 private:
  struct CloseStatement {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  struct CloseConnection {
    void operator()(sqlite3* connection) const noexcept;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, CloseStatement>;

  [[nodiscard]] Statement prepare(std::string_view sql, std::string_view* rest = nullptr);
  [[nodiscard]] sqlite3_stmt* prepared(std::string_view sql);
  void bind(sqlite3_stmt* statement, const std::vector<Value>& parameters);
  [[nodiscard]] bool step(sqlite3_stmt* statement);
  void enter_wal();
  [[noreturn]] void fail(int code);

  std::string name_;
  std::unique_ptr<sqlite3, CloseConnection> connection_;
  std::map<std::string, Statement, std::less<>> statements_;
  bool was_busy_ = false;
  std::function<void(std::uint64_t)> after_commit_;
};

}  // namespace lamp::store
