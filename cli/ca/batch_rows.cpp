#include "cli/ca/batch_rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/error.hpp"
#include "lib/crypto/utf8.hpp"
#include "lib/pki/csr.hpp"

namespace lamp::cli {
namespace {

// A request of 16 KiB as PEM with its values; a longer row is a mistake or an attack, most often an open quotation
// mark.
constexpr std::size_t kMostRow = 65536;
constexpr std::size_t kMostColumns = 64;

pki::BatchRefusal refusal(std::string_view rule, std::string field, std::string says) {
  return {"batch." + std::string{rule}, std::move(field), std::move(says)};
}

/// One named value of a row: the key or request, the order, or a value for a template.
std::optional<pki::BatchRefusal> put(const std::string& name, const std::string& value, pki::BatchItem& item) {
  const bool control = std::any_of(value.begin(), value.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\n' && c != '\r' && c != '\t') || octet == 0x7F;
  });
  if (control) return refusal("row.text", name, "holds a NUL or another control character");
  if (!is_utf8(as_bytes(value))) return refusal("row.text", name, "is not UTF-8");
  if (value.empty()) return std::nullopt;
  if (name == "order") {
    item.order = value;
    return std::nullopt;
  }
  if (name != "csr" && name != "public_key") {
    item.subject.emplace(name, value);
    return std::nullopt;
  }
  auto der = attempt([&] { return name == "csr" ? pki::request_from_text(value) : pki::public_key_from_text(value); });
  if (const auto* error = std::get_if<Error>(&der)) return refusal("row.key", name, error->what());
  (name == "csr" ? item.request : item.public_key_info) = std::get<Bytes>(std::move(der));
  return std::nullopt;
}

std::optional<pki::BatchRefusal> check_key(const pki::BatchItem& item) {
  if (item.request.empty() == item.public_key_info.empty())
    return refusal("row.key", "csr, public_key", item.request.empty() ? "are both empty" : "are both given");
  return std::nullopt;
}

std::optional<pki::BatchRefusal> from_json(const std::string& text, pki::BatchItem& item) {
  std::set<std::string> names;
  std::string twice;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (event == nlohmann::json::parse_event_t::key && depth == 1 && !names.insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return true;
  };
  const auto all = nlohmann::json::parse(text, watch, false);
  if (!all.is_object()) return refusal("row.json", "row", "is no JSON object");
  if (!twice.empty()) return refusal("row.json", twice, "is there twice");
  for (const auto& [name, value] : all.items()) {
    if (!value.is_string()) return refusal("row.json", name, "is no text");
    if (auto wrong = put(name, value.get<std::string>(), item)) return wrong;
  }
  return check_key(item);
}

}  // namespace

BatchRows::BatchRows(const std::filesystem::path& file) : file_{file}, in_{file, std::ios::binary} {
  csv_ = file.extension() == ".csv";
  if (!csv_ && file.extension() != ".jsonl")
    throw Error{Errc::bad_input, file.string() + ": a batch is read from a .csv or a .jsonl file"};
  std::error_code failed;
  size_ = std::filesystem::file_size(file, failed);
  if (failed || !in_) throw Error{Errc::not_found, file.string() + ": cannot be read: no such file, or not allowed"};
  if (csv_) read_header();
}

int BatchRows::get() {
  const int c = in_.get();
  if (c != std::ifstream::traits_type::eof()) ++offset_;
  return c;
}

void BatchRows::seek(std::uint64_t offset) {
  in_.clear();
  in_.seekg(static_cast<std::streamoff>(offset));
  offset_ = offset;
}

void BatchRows::resume(std::uint64_t count, std::uint64_t offset) {
  seek(offset);
  count_ = count;
}

/// Goes on at the line after `from`, so that an open quotation mark costs one line and not the file.
void BatchRows::skip_line(std::uint64_t from) {
  seek(from);
  for (int c = get(); c != '\n' && c != std::ifstream::traits_type::eof(); c = get()) {
  }
}

void BatchRows::read_header() {
  auto line = read_csv();
  const auto refuse = [&](const std::string& why) {
    throw Error{Errc::bad_input, file_.string() + ": its first row, the names of the columns: " + why};
  };
  if (line.refusal) refuse(line.refusal->says);
  if (!line.fields.empty() && line.fields[0].starts_with("\xEF\xBB\xBF")) line.fields[0].erase(0, 3);
  const std::set<std::string> names{line.fields.begin(), line.fields.end()};
  if (names.size() != line.fields.size()) refuse("a name is there twice");
  if (names.contains("")) refuse("a name is empty");
  if (!names.contains("csr") && !names.contains("public_key")) refuse("there is neither 'csr' nor 'public_key'");
  header_ = std::move(line.fields);
}

/// RFC 4180: fields in quotation marks may hold commas, line ends and doubled quotation marks.
std::optional<pki::BatchRefusal> BatchRows::read_csv_fields(std::vector<std::string>& fields) {
  const auto begin = offset_;
  std::string field;
  bool quoted = false, closed = false;
  for (;;) {
    const int c = get();
    const bool end = c == std::ifstream::traits_type::eof();
    if (offset_ - begin > kMostRow)
      return refusal("row.size", "row", "is longer than 65536 octets, or a quotation mark is never closed");
    if (quoted) {
      if (end) return refusal("row.quotes", "row", "a quotation mark is never closed");
      if (c != '"') {
        field += static_cast<char>(c);
      } else if (in_.peek() == '"') {
        field += static_cast<char>(get());
      } else {
        quoted = false;
        closed = true;
      }
      continue;
    }
    if (c == ',' || c == '\n' || end) {
      if (!closed && field.ends_with('\r') && c != ',') field.pop_back();
      fields.push_back(std::exchange(field, {}));
      closed = false;
      if (fields.size() > kMostColumns) return refusal("row.fields", "row", "has more than 64 fields");
      if (c != ',') return std::nullopt;
    } else if (closed && c != '\r') {
      return refusal("row.quotes", "row", "has text after a closing quotation mark");
    } else if (c == '"' && !closed) {
      if (!field.empty()) return refusal("row.quotes", "row", "has a quotation mark inside a field without them");
      quoted = true;
    } else if (!closed) {
      field += static_cast<char>(c);
    }
  }
}

BatchRows::Line BatchRows::read_csv() {
  const auto begin = offset_;
  Line line;
  line.refusal = read_csv_fields(line.fields);
  if (line.refusal) skip_line(begin);
  return line;
}

BatchRows::Line BatchRows::read_text_line() {
  Line line{{""}, std::nullopt};
  for (int c = get(); c != '\n' && c != std::ifstream::traits_type::eof(); c = get()) {
    if (line.fields[0].size() < kMostRow)
      line.fields[0] += static_cast<char>(c);
    else
      line.refusal = refusal("row.size", "row", "is longer than 65536 octets");
  }
  return line;
}

std::optional<pki::BatchRefusal> BatchRows::from_fields(const std::vector<std::string>& fields,
                                                        pki::BatchItem& item) const {
  if (fields.size() != header_.size())
    return refusal(
        "row.fields", "row",
        "has " + std::to_string(fields.size()) + " fields where the first row has " + std::to_string(header_.size()));
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (auto wrong = put(header_[i], fields[i], item)) return wrong;
  return check_key(item);
}

std::optional<pki::BatchItem> BatchRows::next() {
  for (;;) {
    if (in_.peek() == std::ifstream::traits_type::eof()) return std::nullopt;
    auto line = csv_ ? read_csv() : read_text_line();
    const bool blank = !line.refusal && line.fields.size() == 1 && (line.fields[0].empty() || line.fields[0] == "\r");
    if (blank) continue;
    pki::BatchItem item;
    item.row = ++count_;
    if (!line.refusal) line.refusal = csv_ ? from_fields(line.fields, item) : from_json(line.fields[0], item);
    item.refusal = std::move(line.refusal);
    return item;
  }
}

}  // namespace lamp::cli
