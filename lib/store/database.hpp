// A host's database. One writer at a time, every commit durable before it returns (WAL, synchronous=FULL).
// The SQL is the subset that SQLite and PostgreSQL share (lamp.7, "State").
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::store {

using Value = std::variant<std::monostate, std::int64_t, std::string, Bytes>;

/// One row of a result; columns are counted from 0. A value of another type than asked for is Error{internal}.
class Row {
 public:
  explicit Row(std::vector<Value> values) noexcept : values_{std::move(values)} {}
  [[nodiscard]] std::int64_t integer(std::size_t column) const;
  [[nodiscard]] const std::string& text(std::size_t column) const;
  [[nodiscard]] const Bytes& blob(std::size_t column) const;
  [[nodiscard]] bool is_null(std::size_t column) const;
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }

 private:
  std::vector<Value> values_;
};

class Transaction {
 public:
  /// Runs one statement with `?` parameters; gives the number of rows it changed.
  std::int64_t execute(std::string_view sql, std::vector<Value> parameters = {});
  [[nodiscard]] std::vector<Row> query(std::string_view sql, std::vector<Value> parameters = {});
  /// Row by row, for results that may be large: `act` says whether to go on. It must not run the same statement.
  void query_each(std::string_view sql, std::vector<Value> parameters, const std::function<bool(const Row&)>& act);
  /// The only row, or nothing. More than one is Error{internal}.
  [[nodiscard]] std::optional<Row> query_one(std::string_view sql, std::vector<Value> parameters = {});

 private:
  friend class Database;
  explicit Transaction(void* connection) noexcept : connection_{connection} {}
  void* connection_;
};

/// Statements that bring one component's tables from nothing to the current version, oldest first. Never change a
/// line that was released: append.
struct Schema {
  std::string_view component;
  std::vector<std::string_view> steps;
};

class Database {
 public:
  /// Opens the file, making it (0600) when absent. Throws Error{unavailable} when the disk does not take it, and
  /// Error{bad_input} when the file is no database of ours.
  explicit Database(const std::filesystem::path& path);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) = delete;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// Brings the component's tables up to date. Throws Error{denied} when the file was written by a newer program.
  void migrate(const Schema& schema);

  /// Runs `act` in one transaction: committed and durable when this returns, rolled back when `act` throws. May run
  /// `act` again when another writer got in between, so `act` must have no effect outside the transaction. Thread-safe:
  /// acts of several threads run one after the other, each in its own thread, and may share one commit, so that they
  /// wait for one sync together (group commit); what one of them throws undoes only that one.
  template <class Act>
  auto write(Act&& act) -> decltype(act(std::declval<Transaction&>())) {
    using Result = decltype(act(std::declval<Transaction&>()));
    if constexpr (std::is_void_v<Result>) {
      run_write([&](Transaction& t) { act(t); });
    } else {
      std::optional<Result> result;
      run_write([&](Transaction& t) { result.emplace(act(t)); });
      return std::move(*result);
    }
  }

  /// The same for reading: one consistent snapshot, nothing changed. Thread-safe.
  template <class Act>
  auto read(Act&& act) -> decltype(act(std::declval<Transaction&>())) {
    using Result = decltype(act(std::declval<Transaction&>()));
    std::optional<Result> result;
    run_read([&](Transaction& t) { result.emplace(act(t)); });
    return std::move(*result);
  }

 private:
  void run_write(const std::function<void(Transaction&)>& act);
  void run_read(const std::function<void(Transaction&)>& act);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::store
