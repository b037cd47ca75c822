#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/pki/profile.hpp"

namespace lamp::pki {

std::string_view text(KeyKind kind) noexcept {
  if (kind == KeyKind::rsa3072) return "RSA-3072";
  return kind == KeyKind::p256 ? "P-256" : "P-384";
}

Template Template::parse(std::string text) {
  std::size_t lists = 0;
  for (std::size_t at = 0; (at = text.find_first_of("{}", at)) != std::string::npos;) {
    const auto close = text.find_first_of("{}", at + 1);
    if (text[at] != '{' || close == std::string::npos || text[close] != '}' || close == at + 1)
      throw Error{Errc::bad_input, "'" + text + "': a placeholder is a name in braces, such as {name}"};
    if (text[close - 1] == ']' && (++lists > 1 || text[close - 2] != '[' || close < at + 4))
      throw Error{Errc::bad_input, "'" + text + "': a list is one placeholder such as {names[]}"};
    at = close + 1;
  }
  Template result;
  result.text_ = std::move(text);
  return result;
}

std::string Template::expand(const Subject& subject) const {
  std::string out;
  for (std::size_t at = 0; at < text_.size();) {
    const auto open = std::min(text_.find('{', at), text_.size());
    out.append(text_, at, open - at);
    if (open == text_.size()) break;
    const auto close = text_.find('}', open);
    const auto name = text_.substr(open + 1, close - open - 1);
    const auto value = subject.find(name);
    if (value == subject.end() || value->second.empty())
      throw Error{Errc::bad_input, "'" + text_ + "' needs a value for {" + name + "}, which nobody gave"};
    out += value->second;
    at = close + 1;
  }
  return out;
}

std::string_view Template::list() const noexcept {
  const auto end = text_.find("[]}");
  if (end == std::string::npos) return {};
  const auto begin = text_.rfind('{', end) + 1;
  return std::string_view{text_}.substr(begin, end + 2 - begin);
}

bool Template::uses(std::string_view placeholder) const {
  const std::string name{placeholder};
  return text_.find("{" + name + "}") != std::string::npos || text_.find("{" + name + "[]}") != std::string::npos;
}

std::vector<std::string> Template::expand_all(const Subject& subject) const {
  if (!is_list()) return {expand(subject)};
  const std::string whole{list()};
  const auto name = whole.substr(0, whole.size() - 2);
  const auto found = subject.find(name);
  std::vector<std::string> all;
  auto values = subject;
  for (const auto item : split(found == subject.end() ? std::string_view{} : std::string_view{found->second}, ',')) {
    if (item.empty())
      throw Error{Errc::bad_input, "'" + text_ + "' needs values for {" + name + "}, such as " + name + "=one,two"};
    values[whole] = item;
    all.push_back(expand(values));
  }
  return all;
}

Instant Lifetime::end(Instant begin) const {
  using namespace std::chrono;
  if (unit == Unit::none) return kNoEnd;
  // The last second belongs to the validity (RFC 5280, section 4.1.2.5), hence the second taken off.
  if (unit == Unit::days) return begin + days{count} - seconds{1};
  const auto day = floor<days>(begin);
  auto date = year_month_day{day} + years{static_cast<int>(count)};
  if (!date.ok()) date = date.year() / date.month() / last;  // 29 February
  return sys_days{date} + (begin - day) - seconds{1};
}

std::string Lifetime::text() const {
  if (unit == Unit::none) return "none";
  return std::to_string(count) + (unit == Unit::days ? " days" : " years");
}

}  // namespace lamp::pki
