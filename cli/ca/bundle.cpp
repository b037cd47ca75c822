#include "lib/pki/bundle.hpp"
#include "cli/usage.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/certificate.hpp"

namespace lamp::cli {
namespace {

constexpr std::uint64_t kBundleLimit = 4U << 20;

struct BundleOptions {
  std::vector<std::string> authorities;
  std::string format, output, check;
};

void declare(Arguments& a, BundleOptions& o) {
  a.option("--authority", o.authorities, "Authority to trust; without, every root of the site");
  a.option("--format", o.format, "pem, der, c or cbor; without, by the file's name, else pem");
  a.option("--output", o.output, "File to write; without, standard output");
  a.option("--check", o.check, "File to compare with: exit status 1 when it has drifted");
}

bool is_root(ByteView certificate) {
  const auto tbs = pki::Certificate::parse(certificate).tbs;
  return std::ranges::equal(tbs.issuer, tbs.subject);
}

std::vector<pki::Anchor> anchors_of(const config::Site& site, const BundleOptions& o) {
  std::vector<pki::Anchor> anchors;
  anchors.reserve(o.authorities.size());
  for (const auto& name : o.authorities) anchors.push_back({name, authority_chain(site, name).front()});
  if (!anchors.empty()) return anchors;
  for (const auto& [name, token] : site.authorities) {
    if (!std::filesystem::exists(authority_file(site, name, "chain.pem"))) continue;
    auto certificate = authority_chain(site, name).front();
    if (is_root(certificate)) anchors.push_back({name, std::move(certificate)});
  }
  return anchors;
}

pki::BundleFormat format_of(const BundleOptions& o) {
  if (!o.format.empty()) return pki::bundle_format(o.format);
  const auto& file = o.check.empty() ? o.output : o.check;
  return file.empty() ? pki::BundleFormat::pem : pki::bundle_format_of(file);
}

Exit check(const std::vector<pki::Anchor>& anchors, const BundleOptions& o, World& world) {
  const auto content = read_file(o.check, kBundleLimit);
  const auto drift = in_context(o.check, [&] { return pki::bundle_drift(anchors, content, format_of(o)); });
  for (const auto& difference : drift) fmt::print(world.err, "lamp-ca: refused: {} {}\n", o.check, difference);
  if (!drift.empty()) return Exit::refused;
  fmt::print(world.out, "{}: the same {} trust anchors\n", o.check, anchors.size());
  return Exit::ok;
}

Exit bundle(const BundleOptions& o, World& world) {
  if (!o.output.empty() && !o.check.empty()) {
    throw UsageError{"either --output or --check"};
  }
  const auto anchors = anchors_of(config::Site::find(world.site), o);
  if (!o.check.empty()) return check(anchors, o, world);
  const auto content = pki::write_bundle(anchors, format_of(o));
  if (o.output.empty())
    world.out << to_text(content);
  else
    publish_if_other(o.output, to_text(content));
  return Exit::ok;
}

}  // namespace

void add_ca_bundle(Tool& tool) {
  tool.verb<BundleOptions>("bundle", "Write the trust anchors for firmware builds, or check what a build has", declare,
                           bundle);
}

}  // namespace lamp::cli
