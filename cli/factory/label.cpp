#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>
#include <ostream>

#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/binding/label.hpp"
#include "lib/binding/label_output.hpp"
#include "lib/cloud/socket.hpp"
#include "manufacturing/journal.hpp"
#include "manufacturing/label_journal.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

constexpr std::uint64_t kPrinterPort = 9100;
constexpr std::chrono::seconds kPrinterPatience{10};

struct LabelOptions {
  std::string serial, output, printer, reason;
  std::string layout = "standard";
  bool preview = false;
};

void declare(Arguments& a, LabelOptions& o) {
  a.positional("serial", o.serial, "Serial number of the device");
  a.option("-o,--output", o.output, "File to write: .svg, .pdf, .zpl or .txt, by its name");
  a.option("--printer", o.printer, "Label printer that takes ZPL, HOST or HOST:PORT; port 9100 unless given");
  a.option("--design", o.layout, "Label design, lamp-label(5): standard unless given");
  a.option("--reason", o.reason, "Why the label is printed again; needed from the second time on");
  a.flag("--preview", o.preview, "Show the label without its claim code; not counted as printed");
}

struct PrinterPlace {
  std::string host;
  std::uint16_t port;
};

PrinterPlace printer_place(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto host = text.substr(0, colon);
  if (host.empty() || host.find(':') != std::string::npos) throw UsageError{"--printer: expected HOST or HOST:PORT"};
  const auto port = colon == std::string::npos ? kPrinterPort : option_value("--printer", [&] {
    return parse_number(std::string_view{text}.substr(colon + 1), "port", 1, 65535);
  });
  return {host, static_cast<std::uint16_t>(port)};
}

struct LabelledUnit {
  Unit unit;
  std::string station;
};

LabelledUnit finished_unit(Host& host, const std::string& serial) {
  return host.database().read([&](store::Transaction& t) {
    const auto found = find_unit(t, serial);
    if (!found) throw Error{Errc::not_found, "this host has not begun a device " + serial};
    const auto order = find_order(t, found->order);
    if (!order) throw Error{Errc::internal, "order " + found->order + " is not in the journal"};
    if (found->state != UnitState::done)
      throw Error{Errc::denied, found->serial + " is " + std::string{name_of(found->state)} +
                                    ": a label is for a device that is done"};
    return LabelledUnit{*found, order->station};
  });
}

binding::Label label_of(Host& host, const LabelledUnit& labelled) {
  const auto file = host.site().root / "factory" / labelled.station / "devices" / labelled.unit.serial / "label.txt";
  const auto read = attempt([&] { return read_secret_file(file); });
  if (const auto* error = std::get_if<Error>(&read)) {
    if (error->code() != Errc::not_found) rethrow(*error);
    throw Error{Errc::not_found, "the text of the label of " + labelled.unit.serial +
                                     " is no longer on this station: it was given up after a scan"};
  }
  const auto& text = std::get<SecureBytes>(read);
  return in_context(file.string(),
                    [&] { return binding::parse_label({reinterpret_cast<const char*>(text.data()), text.size()}); });
}

/// What comes out, and what it is called in the record of prints.
struct Rendered {
  SecureBytes bytes;
  std::string form;
};

Rendered rendered(const binding::Label& label, const LabelOptions& o, const config::Site& site) {
  const auto shown = o.preview ? binding::Shown::all_but_the_claim_code : binding::Shown::everything;
  const auto form = !o.printer.empty() ? std::string{".zpl"} : std::filesystem::path{o.output}.extension().string();
  if (o.output.empty() ? o.printer.empty() : form == ".txt") {
    auto text = o.preview ? SecureBytes{} : binding::label_text(label);
    if (o.preview)
      for (const char c : binding::label_preview(label)) text.push_back(static_cast<std::uint8_t>(c));
    text.push_back('\n');
    return {std::move(text), "text"};
  }
  const auto file = site.template_file("labels", o.layout + ".yaml");
  const auto drawn = binding::draw(label, binding::LabelDesign::load(file), shown);
  if (form == ".svg") return {binding::label_svg(drawn), "svg"};
  if (form == ".pdf") return {binding::label_pdf(drawn), "pdf"};
  if (form == ".zpl") return {binding::label_zpl(drawn), "zpl"};
  throw UsageError{"-o: a label's file is called .svg, .pdf, .zpl or .txt"};
}

void hand_out(const Rendered& out, const LabelOptions& o, const std::optional<cloud::Socket>& printer, World& world) {
  if (printer) {
    in_context("printer " + o.printer, [&] {
      printer->send(out.bytes, cloud::within(kPrinterPatience));
      printer->finish(std::chrono::milliseconds{500});
    });
  } else if (!o.output.empty()) {
    publish(o.output, ByteView{out.bytes}, o.preview ? Mode::shared : Mode::secret);
  } else {
    world.out.write(reinterpret_cast<const char*>(out.bytes.data()), static_cast<std::streamsize>(out.bytes.size()));
  }
}

/// Counted before anything leaves, so that no label is printed that the journal does not know of; and only when there
/// is a printer that listens.
Exit label(const LabelOptions& options, World& world) {
  if (!options.output.empty() && !options.printer.empty()) throw UsageError{"-o or --printer, not both"};
  if (options.preview && !options.printer.empty())
    throw UsageError{"a preview goes to a file or to the terminal, not to a printer"};
  Host host{world};
  host.database().migrate(journal_schema());
  host.database().migrate(label_schema());
  const auto labelled = finished_unit(host, options.serial);
  const auto out = rendered(label_of(host, labelled), options, host.site());
  std::optional<cloud::Socket> printer;
  if (!options.printer.empty()) {
    const auto place = printer_place(options.printer);
    printer = in_context(
        "printer", [&] { return cloud::Socket::connect(place.host, place.port, cloud::within(kPrinterPatience)); });
  }
  if (options.preview) {
    hand_out(out, options, printer, world);
    return Exit::ok;
  }
  const auto print = host.database().write([&](store::Transaction& t) {
    const auto noted = note_print(t, options.serial, {0, host.now(), account_name(), out.form, options.reason});
    audit::record(t,
                  {account_name(),
                   "factory.label",
                   options.serial,
                   {{"order", labelled.unit.order},
                    {"print", std::to_string(noted.number)},
                    {"form", noted.form},
                    {"reason", noted.reason}}},
                  host.now(), world.rng);
    return noted;
  });
  hand_out(out, options, printer, world);
  host.finish();
  if (printer || !options.output.empty())
    fmt::print(world.out, "label of {} to {}: print {}\n", options.serial, printer ? options.printer : options.output,
               print.number);
  return Exit::ok;
}

}  // namespace

void add_label(Tool& tool) {
  tool.verb<LabelOptions>("label", "Print a finished device's label, or show it; prints are counted", declare, label);
}

}  // namespace lamp::cli
