// YAML files read into typed values. Every error names file, line and column and what was expected; a key that nobody
// asked for is an error, so that a typo does not become a default.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lamp::config {

/// One value of a document, with its place in it. Cheap to copy.
class Node {
 public:
  /// Throws Error{not_found}, Error{bad_input} "file:line:column: ...", also for repeated keys and several documents.
  [[nodiscard]] static Node load(const std::filesystem::path& path);
  [[nodiscard]] static Node parse(std::string_view text, std::string name);

  /// A map's value; throws Error{bad_input} when absent.
  [[nodiscard]] Node at(std::string_view key) const;
  [[nodiscard]] std::optional<Node> find(std::string_view key) const;
  /// A map's entries in the order written.
  [[nodiscard]] std::vector<std::pair<std::string, Node>> entries() const;
  /// A list's items.
  [[nodiscard]] std::vector<Node> items() const;
  /// Throws Error{bad_input} naming the first key of this map that is not in `known`.
  void only(std::initializer_list<std::string_view> known) const;

  [[nodiscard]] std::string text() const;  ///< a scalar, not empty
  [[nodiscard]] std::string text_or(std::string_view key, std::string_view otherwise) const;
  [[nodiscard]] std::uint64_t number(std::uint64_t low, std::uint64_t high) const;
  [[nodiscard]] bool boolean() const;  ///< true or false, nothing else
  [[nodiscard]] std::vector<std::string> texts() const;
  [[nodiscard]] bool is_map() const;
  [[nodiscard]] bool is_list() const;

  /// "file:line:column", for errors of the caller's own.
  [[nodiscard]] std::string place() const;
  /// An Error{bad_input} at this place.
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  struct Data;
  explicit Node(std::shared_ptr<const Data> data) noexcept : data_{std::move(data)} {}
  std::shared_ptr<const Data> data_;
};

/// Writes block-style YAML: maps, lists and quoted-where-needed scalars. `key()` then a value, `begin_*()`/`end()`
/// nest.
class YamlWriter {
 public:
  YamlWriter();
  YamlWriter(const YamlWriter&) = delete;
  YamlWriter& operator=(const YamlWriter&) = delete;
  ~YamlWriter();
  YamlWriter& comment(std::string_view text);
  YamlWriter& begin_map();
  YamlWriter& begin_list();
  YamlWriter& end_map();
  YamlWriter& end_list();
  YamlWriter& key(std::string_view name);
  YamlWriter& value(std::string_view text);
  YamlWriter& value(const char* text) { return value(std::string_view{text}); }  ///< else a literal would be a bool
  YamlWriter& value(std::uint64_t number);
  YamlWriter& value(bool flag);
  /// A multi-line text (PEM) as a literal block.
  YamlWriter& literal(std::string_view text);
  [[nodiscard]] std::string text() const;  ///< with a final newline

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::config
