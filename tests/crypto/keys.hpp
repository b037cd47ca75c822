// Keys for tests, made once per process; but the RSA key, which takes a second to make, is a file that is good for
// nothing else.
#pragma once

#include <botan/data_src.h>
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/ml_dsa.h>
#include <botan/pkcs8.h>
#include <botan/system_rng.h>

#include <memory>

namespace lamp::testing_keys {

inline const Botan::Private_Key& rsa3072() {
  static const auto key = [] {
    Botan::DataSource_Stream file{LAMP_SOURCE_DIR "/tests/crypto/rsa3072.pem"};
    return Botan::PKCS8::load_key(file);
  }();
  return *key;
}

inline const Botan::ECDSA_PrivateKey& p256() {
  static const Botan::ECDSA_PrivateKey key{Botan::system_rng(), Botan::EC_Group::from_name("secp256r1")};
  return key;
}

inline const Botan::ECDSA_PrivateKey& p384() {
  static const Botan::ECDSA_PrivateKey key{Botan::system_rng(), Botan::EC_Group::from_name("secp384r1")};
  return key;
}

inline const Botan::ML_DSA_PrivateKey& ml_dsa_87() {
  static const Botan::ML_DSA_PrivateKey key{Botan::system_rng(), Botan::ML_DSA_Mode::ML_DSA_8x7};
  return key;
}

}  // namespace lamp::testing_keys
