#include "cli/ca/quorum_requests.hpp"

#include <botan/hash.h>

#include <algorithm>
#include <array>

#include "cli/ca/site_authority.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/base/stream.hpp"

namespace lamp::cli {
namespace {

// More lines than an officer reads: then how many they are and what they are together.
constexpr std::size_t kMostShown = 500;
constexpr std::size_t kPiece = 1U << 20;

/// A name for the act's files: the identity where it can be one, else the key's first digits.
std::string act_subject(const std::string& identity, const std::string& key) {
  return is_name(identity) ? identity : key.substr(0, 16);
}

std::string value_lines(const pki::Subject& values) {
  const auto text = pki::values_text(values);
  std::string lines;
  for (const auto line : split(text, '\n'))
    if (!line.empty()) lines += "\nvalue      " + std::string{line};
  return lines;
}

std::string digest_of(std::string_view text) {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(text);
  return "SHA-256 " + hex(hash->final_stdvec());
}

/// Each line, or the number of lines, the first, the last and a digest.
std::string listed(const std::vector<std::string>& lines) {
  std::string all;
  for (const auto& line : lines) all += "\n  " + line;
  if (lines.size() <= kMostShown) return all;
  return "\n  " + lines.front() + "\n  and so on, to\n  " + lines.back() + "\nall lines  " + digest_of(all);
}

std::vector<pki::Record> revoked_of(Host& host, const std::string& authority) {
  pki::Filter filter;
  filter.authority = authority;
  filter.state = pki::State::revoked;
  return open_register(host).read([&](store::Transaction& t) {
    std::vector<pki::Record> all;
    pki::for_each(t, filter, pki::Detail::summary, [&](const pki::Record& record) {
      all.push_back(record);
      return true;
    });
    return all;
  });
}

std::string revoked_lines(Host& host, const std::string& authority) {
  const auto revoked = revoked_of(host, authority);
  std::vector<std::string> lines;
  lines.reserve(revoked.size());
  for (const auto& record : revoked) lines.push_back(record.serial + "  " + record.identity);
  return "\nrevoked    " + std::to_string(revoked.size()) + listed(lines);
}

}  // namespace

std::string digest_of_file(const std::filesystem::path& file) {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  FileSource source{file};
  Bytes piece(kPiece);
  for (std::size_t got = piece.size(); got == piece.size();) {
    got = source.read(piece);
    hash->update(ByteView{piece}.first(got));
  }
  return "SHA-256 " + hex(hash->final_stdvec());
}

std::string digest_of_profile(const config::Site& site, const std::string& profile) {
  return digest_of_file(site.template_file("profiles", profile + ".yaml"));
}

ActRequest to_issue(const config::Site& site, const WantedCertificate& wanted) {
  return {"issue", act_subject(wanted.identity, wanted.key),
          "issue a certificate for " + wanted.identity + " of " + site.name + " by authority " + wanted.authority +
              " and profile " + wanted.profile + "\nprofile    " + digest_of_profile(site, wanted.profile) +
              value_lines(wanted.values) + "\nkey        SHA-256 " + wanted.key + "\nproven by  " + wanted.proof};
}

ActRequest to_renew(const config::Site& site, const pki::Record& old, const std::string& key) {
  return {"renew", old.serial,
          "renew certificate " + old.serial + " of " + old.identity + " by authority " + old.authority +
              "\nprofile    " + old.profile + ", " + digest_of_profile(site, old.profile) + "\nkey        SHA-256 " +
              key};
}

ActRequest to_issue_rows(const config::Site& site, const std::string& authority, const std::string& profile,
                         const std::filesystem::path& file, const std::vector<std::string>& values) {
  auto content = "issue for every row of a file by authority " + authority + " of " + site.name + " and profile " +
                 profile + "\nprofile    " + digest_of_profile(site, profile) + "\nfile       " + digest_of_file(file) +
                 ", " + std::to_string(std::filesystem::file_size(file)) + " octets";
  for (const auto& value : values) content += "\nvalue      " + value;
  return {"batch", authority, content};
}

ActRequest to_revoke(const std::string& authority, const std::vector<pki::Selected>& chosen,
                     const std::string& reason) {
  std::vector<std::string> lines;
  lines.reserve(chosen.size());
  for (const auto& one : chosen) {
    if (one.authority != authority)
      throw Error{Errc::denied, "certificates of " + authority + " and of " + one.authority +
                                    " fit; a quorum revokes those of one authority: name it with --authority"};
    lines.push_back(one.serial + "  " + one.identity + " (" + one.profile + ")");
  }
  return {"revoke", chosen.size() == 1 ? chosen.front().serial : authority,
          "revoke certificates of authority " + authority + ", and publish its revocation lists\nreason     " + reason +
              "\nrevoke     " + std::to_string(lines.size()) + listed(lines)};
}

ActRequest to_end_hold(const pki::Record& held) {
  return {"release", held.serial,
          "end the hold of certificate " + held.serial + " of " + held.identity + " by authority " + held.authority +
              ", and publish its revocation lists"};
}

ActRequest to_publish_lists(Host& host, const std::string& authority) {
  return {"crl", authority,
          "make and publish the next revocation lists of authority " + authority + revoked_lines(host, authority)};
}

ActRequest to_presign(Host& host, const std::string& authority, const std::string& signer, std::uint64_t days) {
  return {"ocsp", authority,
          "sign OCSP responses for every certificate of authority " + authority + "\nsigned by  " +
              (signer.empty() ? "the authority" : signer) + "\nhold for   " + std::to_string(days) +
              " days: until then they say good of all but" + revoked_lines(host, authority)};
}

}  // namespace lamp::cli
