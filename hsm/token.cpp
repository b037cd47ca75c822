#include "hsm/token.hpp"

#include <algorithm>
#include <array>

#include "hsm/connection.hpp"
#include "hsm/lock.hpp"
#include "hsm/so_pin.hpp"
#include "hsm/uri.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::hsm {
namespace {

constexpr std::size_t kMaxLabel = 32;  // PKCS#11: a blank-padded field of this size

std::string labels_of(const std::vector<TokenInfo>& tokens) {
  std::string list;
  for (const auto& token : tokens) {
    if (!token.initialized) continue;
    list += (list.empty() ? "\"" : ", \"") + token.label + "\"";
  }
  return list.empty() ? "none" : list;
}

TokenInfo find_token(const Module& module, const TokenUri& uri) {
  const auto tokens = list_tokens(module);
  std::vector<TokenInfo> matching;
  for (const auto& token : tokens) {
    CK_TOKEN_INFO raw{};
    check(module.functions()->C_GetTokenInfo(token.slot, &raw), "C_GetTokenInfo");
    if (token.initialized && uri.matches(raw)) matching.push_back(token);
  }
  if (matching.size() == 1) return matching.front();
  if (matching.empty()) {
    throw Error{Errc::not_found, "no token matches " + uri.text() + " in " + module.path().string() +
                                     "; there are: " + labels_of(tokens)};
  }
  throw Error{Errc::denied, std::to_string(matching.size()) + " tokens match " + uri.text() +
                                "; add the serial number, as in ';serial=" + matching.front().serial + "'"};
}

std::array<unsigned char, kMaxLabel> padded(const std::string& label) {
  std::array<unsigned char, kMaxLabel> field;
  field.fill(' ');
  std::ranges::copy(label, field.begin());
  return field;
}

CK_SLOT_ID free_slot(const Module& module, const std::string& label) {
  const auto tokens = list_tokens(module);
  if (std::ranges::any_of(tokens, [&](const auto& t) { return t.initialized && t.label == label; })) {
    throw Error{Errc::exists, "token \"" + label + "\" is there already in " + module.path().string()};
  }
  const auto fresh = std::ranges::find(tokens, false, &TokenInfo::initialized);
  if (fresh == tokens.end()) {
    throw Error{Errc::unavailable, module.path().string() + " has no uninitialised token; plug a fresh one in"};
  }
  return fresh->slot;
}

// SoftHSM gives an initialised token another slot number: only the label finds it again.
TokenInfo find_by_label(const Module& module, const std::string& label) {
  const auto tokens = list_tokens(module);
  const auto found = std::ranges::find_if(tokens, [&](const auto& t) { return t.initialized && t.label == label; });
  if (found == tokens.end()) throw Error{Errc::unavailable, "token \"" + label + "\" vanished after C_InitToken"};
  return *found;
}

}  // namespace

Token::Token(std::unique_ptr<Impl> impl) noexcept : impl_{std::move(impl)} {}
Token::Token(Token&&) noexcept = default;
Token& Token::operator=(Token&&) noexcept = default;
Token::~Token() = default;

Token Token::open(const TokenAddress& address) {
  const auto uri = TokenUri::parse(address.uri);
  const auto lock = lock_module(address.module);
  auto module = Module::load(address.module, address.module_init);
  auto info = find_token(*module, uri);
  return Token{std::make_unique<Impl>(std::make_shared<Connection>(std::move(module), std::move(info)))};
}

Token Token::initialize(const std::filesystem::path& path, const std::string& label, const Pin& so_pin,
                        const Pin& user_pin) {
  require_name(label, "token label");
  if (label.size() > kMaxLabel) throw Error{Errc::bad_input, "a token label has at most 32 characters"};
  const auto lock = lock_module(path);
  auto module = Module::load(path);
  const auto slot = free_slot(*module, label);
  auto field = padded(label);
  const auto so = so_pin.expose_secret();
  return in_context("initialising token \"" + label + "\"", [&] {
    check(module->functions()->C_InitToken(slot, mutable_pointer(so), so.size(), field.data()), "C_InitToken");
    set_user_pin(*module, find_by_label(*module, label), so_pin, user_pin);
    auto info = find_by_label(*module, label);
    return Token{std::make_unique<Impl>(std::make_shared<Connection>(std::move(module), std::move(info)))};
  });
}

const TokenInfo& Token::info() const noexcept { return impl_->connection->info(); }
void Token::login(const Pin& pin) { impl_->connection->login(pin); }
bool Token::try_login(const Pin& pin) { return impl_->connection->try_login(pin); }
void Token::change_pin(const Pin& from, const Pin& to) { impl_->connection->change_pin(from, to); }
void Token::logout() noexcept { impl_->connection->logout(); }

}  // namespace lamp::hsm
