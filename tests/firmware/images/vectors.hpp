// imgtool's images and keys: see vectors/README.md.
#pragma once

#include <botan/data_src.h>
#include <botan/pkcs8.h>
#include <botan/x509_key.h>

#include <filesystem>
#include <string>

#include "lib/base/file.hpp"

namespace lamp::firmware::test {

inline std::filesystem::path vector_file(const std::string& name) {
  return std::filesystem::path{LAMP_SOURCE_DIR} / "tests/firmware/images/vectors" / name;
}
inline Bytes vector_bytes(const std::string& name) { return read_file(vector_file(name)); }
inline Bytes vector_public_key(const std::string& name) {
  Botan::DataSource_Memory source{vector_bytes(name + ".pub.pem")};
  return Botan::X509::load_key(source)->subject_public_key();
}
inline std::unique_ptr<Botan::Private_Key> vector_private_key(const std::string& name) {
  Botan::DataSource_Memory source{vector_bytes(name + ".pem")};
  return Botan::PKCS8::load_key(source);
}

}  // namespace lamp::firmware::test
