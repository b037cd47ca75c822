#include <yaml-cpp/emitter.h>

#include "lib/base/error.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::config {

struct YamlWriter::Impl {
  YAML::Emitter emitter;
};

YamlWriter::YamlWriter() : impl_{std::make_unique<Impl>()} { impl_->emitter.SetIndent(2); }
YamlWriter::~YamlWriter() = default;

YamlWriter& YamlWriter::comment(std::string_view text) {
  impl_->emitter << YAML::Comment(std::string{text}) << YAML::Newline;
  return *this;
}

YamlWriter& YamlWriter::begin_map() {
  impl_->emitter << YAML::BeginMap;
  return *this;
}

YamlWriter& YamlWriter::begin_list() {
  impl_->emitter << YAML::BeginSeq;
  return *this;
}

YamlWriter& YamlWriter::end_map() {
  impl_->emitter << YAML::EndMap;
  return *this;
}

YamlWriter& YamlWriter::end_list() {
  impl_->emitter << YAML::EndSeq;
  return *this;
}

YamlWriter& YamlWriter::key(std::string_view name) {
  impl_->emitter << YAML::Key << std::string{name} << YAML::Value;
  return *this;
}

YamlWriter& YamlWriter::value(std::string_view text) {
  impl_->emitter << std::string{text};
  return *this;
}

YamlWriter& YamlWriter::value(std::uint64_t number) {
  impl_->emitter << number;
  return *this;
}

YamlWriter& YamlWriter::value(bool flag) {
  impl_->emitter << flag;
  return *this;
}

YamlWriter& YamlWriter::literal(std::string_view text) {
  impl_->emitter << YAML::Literal << std::string{text};
  return *this;
}

std::string YamlWriter::text() const {
  if (!impl_->emitter.good()) throw Error{Errc::internal, "YAML writer: " + impl_->emitter.GetLastError()};
  return std::string{impl_->emitter.c_str(), impl_->emitter.size()} + "\n";
}

}  // namespace lamp::config
