#include "hsm/custody.hpp"

#include <botan/rng.h>
#include <botan/tss.h>

#include <algorithm>
#include <functional>

#include "hsm/lock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/lockdown.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::hsm {
namespace {

constexpr std::size_t kLongestPin = 32;
constexpr std::uint64_t kMostShares = 16;

std::vector<Botan::RTSS_Share> to_rtss(const std::vector<const Share*>& shares) {
  std::vector<Botan::RTSS_Share> parts;
  parts.reserve(shares.size());
  for (const Share* share : shares) {
    const auto bytes = share->expose_secret();
    parts.emplace_back(bytes.data(), bytes.size());
  }
  return parts;
}

SecureBytes combine_views(const std::vector<const Share*>& shares) {
  // Botan's message is not passed on: its input was secret.
  const auto outcome =
      attempt([&] { return guarded(Errc::denied, [&] { return Botan::RTSS_Share::reconstruct(to_rtss(shares)); }); });
  if (std::holds_alternative<Error>(outcome))
    throw Error{Errc::denied, "the shares do not recombine: too few, or not of one dealing"};
  return std::get<SecureBytes>(outcome);
}

/// Calls `visit` with the indices of every subset of `size` out of `count`.
void for_each_subset(std::size_t count, std::size_t size,
                     const std::function<void(const std::vector<std::size_t>&)>& visit) {
  std::vector<bool> chosen(count, false);
  std::fill_n(chosen.begin(), size, true);
  do {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < count; ++i)
      if (chosen[i]) indices.push_back(i);
    visit(indices);
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
}

using SecretView = std::span<const std::uint8_t>;

bool recombines(const std::vector<Share>& shares, const std::vector<std::size_t>& subset, SecretView secret) {
  std::vector<const Share*> views;
  views.reserve(subset.size());
  for (const auto index : subset) views.push_back(&shares[index]);
  const auto outcome = attempt([&] { return equal_constant_time(combine_views(views), secret); });
  return std::holds_alternative<bool>(outcome) && std::get<bool>(outcome);
}

std::vector<Share> deal_secret(SecretView secret, std::uint64_t threshold, std::uint64_t shares,
                               Botan::RandomNumberGenerator& rng) {
  if (threshold < 2 || threshold >= shares || shares > kMostShares)
    throw Error{Errc::bad_input, "a quorum of " + std::to_string(threshold) + " of " + std::to_string(shares) +
                                     " cannot be made: it needs a threshold of 2 or more, at least one officer more "
                                     "than that so that a lost card loses nothing, and at most 16 officers"};
  Bytes identifier(16);
  rng.randomize(identifier);
  const auto parts = guarded(Errc::internal, [&] {
    return Botan::RTSS_Share::split(static_cast<std::uint8_t>(threshold), static_cast<std::uint8_t>(shares),
                                    secret.data(), static_cast<std::uint16_t>(secret.size()), identifier, "SHA-256",
                                    rng);
  });
  std::vector<Share> dealt;
  dealt.reserve(parts.size());
  for (const auto& part : parts) dealt.emplace_back(part.data());
  for_each_subset(dealt.size(), threshold, [&](const std::vector<std::size_t>& subset) {
    if (!recombines(dealt, subset, secret)) throw Error{Errc::internal, "dealt shares do not recombine"};
  });
  return dealt;
}

SecureBytes combine_secret(const std::vector<Share>& shares) {
  std::vector<const Share*> views;
  views.reserve(shares.size());
  for (const auto& share : shares) views.push_back(&share);
  auto secret = combine_views(views);
  require_locked_memory(secret);
  return secret;
}

void require_subsets(const std::vector<Share>& shares, const quorum::Roster& roster, SecretView secret,
                     std::uint64_t threshold) {
  for_each_subset(shares.size(), threshold, [&](const std::vector<std::size_t>& subset) {
    if (recombines(shares, subset, secret)) return;
    std::string names;
    for (const auto index : subset) names += (names.empty() ? "" : ", ") + roster.officers.at(index).name;
    throw Error{Errc::denied, "the shares of " + names + " do not recombine to what was dealt"};
  });
}

}  // namespace

Pin random_pin(Botan::RandomNumberGenerator& rng, std::size_t length) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  SecureBytes pin(length);
  rng.randomize(pin);
  for (auto& character : pin) character = static_cast<std::uint8_t>(kAlphabet[character % 32]);
  return Pin{std::move(pin)};
}

std::size_t guarded_pin_length(const TokenInfo& token) {
  if (token.max_pin == 0) return kLongestPin;  // the token names no limit
  if (token.max_pin < kShortestPin)
    throw Error{Errc::denied, "token \"" + token.label + "\" takes PINs of at most " + std::to_string(token.max_pin) +
                                  " characters; a quorum's token needs " + std::to_string(kShortestPin) +
                                  ", because nobody has to remember its PIN and nobody must be able to guess it"};
  return std::min<std::size_t>(token.max_pin, kLongestPin);
}

std::size_t guarded_pin_length(const std::filesystem::path& module, const std::string& module_init) {
  const auto lock = lock_module(module);
  const auto tokens = list_tokens(*Module::load(module, module_init));
  std::size_t length = kLongestPin;
  for (const auto& token : tokens)
    if (!token.initialized) length = std::min(length, guarded_pin_length(token));
  return length;
}

std::vector<Share> deal(const Pin& pin, std::uint64_t threshold, std::uint64_t shares,
                        Botan::RandomNumberGenerator& rng) {
  return deal_secret(pin.expose_secret(), threshold, shares, rng);
}

std::vector<Share> deal(const SymmetricKey& key, std::uint64_t threshold, std::uint64_t shares,
                        Botan::RandomNumberGenerator& rng) {
  return deal_secret(key.expose_secret(), threshold, shares, rng);
}

Pin combine(const std::vector<Share>& shares) { return Pin{combine_secret(shares)}; }
SymmetricKey combine_key(const std::vector<Share>& shares) { return SymmetricKey{combine_secret(shares)}; }

void require_every_subset(const std::vector<Share>& shares, const quorum::Roster& roster, const Pin& pin) {
  require_subsets(shares, roster, pin.expose_secret(), roster.threshold);
}

void require_every_subset(const std::vector<Share>& shares, const quorum::Roster& roster, const Pin& pin,
                          std::uint64_t threshold) {
  require_subsets(shares, roster, pin.expose_secret(), threshold);
}

void require_every_subset(const std::vector<Share>& shares, const quorum::Roster& roster, const SymmetricKey& key) {
  require_subsets(shares, roster, key.expose_secret(), roster.threshold);
}

quorum::Dealing seal_shares(const quorum::Roster& roster, std::uint64_t number, const std::vector<Share>& shares,
                            Botan::RandomNumberGenerator& rng) {
  quorum::Dealing dealing{roster.name, roster.digest(), number, {}, {}, {}};
  for (std::size_t i = 0; i < roster.officers.size(); ++i) {
    const auto& officer = roster.officers[i];
    const auto context = quorum::dealt_share_context(roster, number, officer);
    dealing.shares.push_back({officer.name, quorum::seal_share(shares.at(i), officer.share_point, context, rng),
                              quorum::commitment(shares[i])});
  }
  return dealing;
}

Token find_guarded(const TokenAddress& address, const quorum::Roster& roster) {
  Token token = Token::open(address);
  const TokenInfo& info = token.info();
  if (info.serial != roster.token_serial)
    throw Error{Errc::denied, "token " + info.label + " has serial number " + info.serial + ", but roster " +
                                  roster.name + " guards " + roster.token_serial};
  return token;
}

}  // namespace lamp::hsm
