#include "lib/crypto/cbor.hpp"

namespace lamp::cbor {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out.append({'\\', c});
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)  // a terminal must not obey what a file says
      out += "\\u00" + hex(as_bytes({&c, 1}));
    else
      out += c;
  }
  return out + '"';
}

std::string one(Reader& reader);

std::string several(Reader& reader, std::uint64_t items, bool pairs) {
  std::string out;
  for (std::uint64_t i = 0; i < items; ++i) {
    if (i > 0) out += ", ";
    out += one(reader);
    if (pairs) out += ": " + one(reader);
  }
  return out;
}

std::string one(Reader& reader) {
  switch (reader.peek()) {
    case Type::unsigned_int: return std::to_string(reader.unsigned_integer());
    case Type::negative_int: return std::to_string(reader.integer());
    case Type::bytes: return "h'" + hex(reader.bytes()) + "'";
    case Type::text: return quoted(reader.text());
    case Type::array: return "[" + several(reader, reader.array(), false) + "]";
    case Type::map: return "{" + several(reader, reader.map(), true) + "}";
    case Type::tag: {
      const auto number = std::to_string(reader.tag());
      return number + "(" + one(reader) + ")";
    }
    case Type::simple: break;
  }
  if (reader.null()) return "null";
  return reader.boolean() ? "true" : "false";
}

}  // namespace

std::string diagnostic(ByteView item) {
  Reader whole{item};
  (void)whole.item();
  whole.end();
  Reader reader{item};
  return one(reader);
}

}  // namespace lamp::cbor
