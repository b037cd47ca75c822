#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/sign/image_report.hpp"
#include "cli/sign/tool.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/images/mcuboot.hpp"
#include "lib/firmware/images/zigbee_ota.hpp"

namespace lamp::cli {
namespace {

using firmware::FileKind;

struct ConvertOptions {
  std::string file, output, kind, text;
  std::optional<std::uint64_t> manufacturer, image_type, file_version;
};

void declare(Arguments& a, ConvertOptions& o) {
  a.positional("file", o.file, "Signed file");
  a.required("-o,--output", o.output, "File to write");
  a.required("--to", o.kind, "zigbee: wrap; suit, mcuboot: unwrap; image: what an MCUboot image holds");
  a.option("--manufacturer", o.manufacturer, "Zigbee manufacturer code");
  a.option("--image-type", o.image_type, "Zigbee image type");
  a.option("--file-version", o.file_version, "Zigbee file version; higher than the last");
  a.option("--header-string", o.text, "Zigbee header string, at most 32 characters");
}

std::uint64_t required(const std::optional<std::uint64_t>& value, std::string_view option, std::uint64_t highest) {
  if (!value || *value > highest) throw UsageError{fmt::format("--to zigbee needs {}, 0 to {}", option, highest)};
  return *value;
}

void wrap(const ConvertOptions& o, const firmware::Input& file, ByteSink& to) {
  const auto kind = firmware::kind_of(file);
  if (kind != FileKind::suit && kind != FileKind::mcuboot)
    throw Error{Errc::bad_input, "a Zigbee OTA file is made around a SUIT envelope or an MCUboot image"};
  firmware::zigbee::Header header;
  header.manufacturer = static_cast<std::uint16_t>(required(o.manufacturer, "--manufacturer", 0xFFFF));
  header.image_type = static_cast<std::uint16_t>(required(o.image_type, "--image-type", 0xFFBF));
  header.file_version = static_cast<std::uint32_t>(required(o.file_version, "--file-version", 0xFFFFFFFE));
  header.text = o.text;
  firmware::zigbee::write(header, {{firmware::zigbee::upgrade_image, file}}, firmware::zigbee::WithIntegrity::yes, to);
}

void unwrap(FileKind wanted, const firmware::Input& file, ByteSink& to) {
  if (firmware::kind_of(file) != FileKind::zigbee)
    throw Error{Errc::bad_input, "only Zigbee OTA files have something of this kind inside"};
  const auto inner = upgrade_image_in(file);
  if (!inner.findings.empty()) throw Error{Errc::denied, inner.findings.front().text()};
  const firmware::Section element{file, inner.offset, inner.size};
  if (firmware::kind_of(element) != wanted)
    throw Error{Errc::denied, fmt::format("byte {}: the upgrade image is of kind {}", inner.offset,
                                          firmware::name_of(firmware::kind_of(element)))};
  copy(element, to);
}

void take_image(const firmware::Input& file, ByteSink& to) {
  const auto reading = firmware::mcuboot::read(file);
  if (!reading.good()) throw Error{Errc::denied, reading.findings.front().text()};
  const auto& h = reading.value->header;
  if (h.encrypted()) throw Error{Errc::denied, "byte 16: the image is encrypted"};
  copy(firmware::Section{file, h.header_size, h.image_size}, to);
}

Exit convert(const ConvertOptions& options, World& world) {
  in_context(options.file, [&] {
    const firmware::FileInput file{options.file};
    FileSink output{options.output};
    if (options.kind == "zigbee")
      wrap(options, file, output);
    else if (options.kind == "suit")
      unwrap(FileKind::suit, file, output);
    else if (options.kind == "mcuboot")
      unwrap(FileKind::mcuboot, file, output);
    else if (options.kind == "image")
      take_image(file, output);
    else
      throw UsageError{"--to '" + options.kind + "': expected zigbee, suit, mcuboot or image"};
    output.commit();
  });
  fmt::print(world.out, "{}\n", options.output);
  return Exit::ok;
}

}  // namespace

void add_sign_convert(Tool& tool) {
  tool.verb<ConvertOptions>("convert", "Wrap a signed file in another format, or take it out; signs nothing", declare,
                            convert);
}

}  // namespace lamp::cli
