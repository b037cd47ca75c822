// A token's SO PIN: it sets the user PIN when the token is made, and again when that one is locked.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "hsm/module.hpp"
#include "hsm/token.hpp"
#include "lib/base/secret.hpp"
#include "lib/quorum/contribution.hpp"
#include "lib/quorum/so_pin.hpp"

namespace lamp::hsm {

/// C_InitPIN as the security officer; the caller holds the module's lock.
void set_user_pin(const Module& module, const TokenInfo& token, const Pin& so_pin, const Pin& user_pin);

/// Gives the roster's token another user PIN by its SO PIN, one try.
void reset_user_pin(const TokenAddress& address, const quorum::Roster& roster, const Pin& so_pin, const Pin& user_pin);

/// Opens a quorum's ML-DSA key.
using OpenHybridKey = std::function<std::unique_ptr<Botan::Private_Key>(const quorum::DealtHybrid& dealt)>;

/// A fresh PIN by the SO PIN, dealt to the roster's officers: the dealing that holds when it returns, made for this
/// occasion (the digest of an act). Cut short after the token got the PIN, the same again, with the SO PIN, ends it:
/// nobody has the PIN until then. A renewal that was cut short before is void with it. `hybrid`, where the quorum has
/// an ML-DSA key, opens it by the officers' shares; it is sealed and dealt anew as well.
quorum::Dealing recover_pin(const std::filesystem::path& site, const TokenAddress& address,
                            const quorum::Roster& roster, const Pin& so_pin, ByteView occasion,
                            const OpenHybridKey& hybrid, Botan::RandomNumberGenerator& rng,
                            const std::string& custody_key = "custody");

/// Deals the SO PIN to the roster's officers and tests every subset: not signed yet. Throws Error{bad_input} when there
/// are too few officers: quorum::so_pin_can_be_dealt.
[[nodiscard]] quorum::SoPin deal_so_pin(const quorum::Roster& roster, const Pin& so_pin,
                                        Botan::RandomNumberGenerator& rng);

/// The SO PIN from the shares that officers handed in for an act. Throws Error{denied} naming who has to hand in
/// theirs, or whose is bad.
[[nodiscard]] Pin combine_so_pin(const quorum::SoPin& kept, ByteView act_digest, crypto::AgreementKey& session_key,
                                 const std::vector<quorum::Contribution>& contributions,
                                 const std::vector<std::string>& approved);

}  // namespace lamp::hsm
