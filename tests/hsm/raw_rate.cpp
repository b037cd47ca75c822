#include "tests/hsm/raw_rate.hpp"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <array>
#include <stdexcept>
#include <thread>
#include <vector>

namespace lamp::test {
namespace {

void check(CK_RV rv, const char* call) {
  if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED && rv != CKR_USER_ALREADY_LOGGED_IN)
    throw std::runtime_error{std::string{call} + " failed with " + std::to_string(rv)};
}

CK_FUNCTION_LIST* load(const std::filesystem::path& module) {
  void* library = ::dlopen(module.c_str(), RTLD_NOW);
  auto* entry = library == nullptr
                    ? nullptr
                    : reinterpret_cast<CK_RV (*)(CK_FUNCTION_LIST**)>(::dlsym(library, "C_GetFunctionList"));
  if (entry == nullptr) throw std::runtime_error{"no PKCS#11 module"};
  CK_FUNCTION_LIST* functions = nullptr;
  check(entry(&functions), "C_GetFunctionList");
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  check(functions->C_Initialize(&arguments), "C_Initialize");
  return functions;
}

CK_SLOT_ID slot_of(CK_FUNCTION_LIST* f, const std::string& token) {
  std::array<CK_SLOT_ID, 16> slots{};
  CK_ULONG count = slots.size();
  check(f->C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_TOKEN_INFO info{};
    check(f->C_GetTokenInfo(slots.at(i), &info), "C_GetTokenInfo");
    const std::string label{reinterpret_cast<const char*>(info.label), sizeof info.label};
    if (label.starts_with(token + " ")) return slots.at(i);
  }
  throw std::runtime_error{"no such token"};
}

CK_OBJECT_HANDLE find(CK_FUNCTION_LIST* f, CK_SESSION_HANDLE session, std::string label) {
  CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
  std::array<CK_ATTRIBUTE, 2> wanted{
      {{CKA_CLASS, &kind, sizeof kind}, {CKA_LABEL, label.data(), static_cast<CK_ULONG>(label.size())}}};
  check(f->C_FindObjectsInit(session, wanted.data(), wanted.size()), "C_FindObjectsInit");
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
  CK_ULONG found = 0;
  check(f->C_FindObjects(session, &key, 1, &found), "C_FindObjects");
  check(f->C_FindObjectsFinal(session), "C_FindObjectsFinal");
  return key;
}

void sign_many(CK_FUNCTION_LIST* f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, std::uint64_t count) {
  std::array<CK_BYTE, 32> digest{7};
  std::array<CK_BYTE, 64> signature{};
  CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
  for (std::uint64_t i = 0; i < count; ++i) {
    digest[0] = static_cast<CK_BYTE>(i);
    CK_ULONG size = signature.size();
    check(f->C_SignInit(session, &mechanism, key), "C_SignInit");
    check(f->C_Sign(session, digest.data(), digest.size(), signature.data(), &size), "C_Sign");
  }
}

}  // namespace

void sign_raw(const std::filesystem::path& module, const std::string& token, const std::string& pin,
              const std::string& label, unsigned threads, std::uint64_t each) {
  auto* f = load(module);
  const auto slot = slot_of(f, token);
  std::vector<std::thread> running;
  std::string secret = pin;
  for (unsigned i = 0; i < threads; ++i) {
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    check(f->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session), "C_OpenSession");
    if (i == 0)
      check(f->C_Login(session, CKU_USER, reinterpret_cast<CK_BYTE*>(secret.data()), secret.size()), "C_Login");
    const auto key = find(f, session, label);
    running.emplace_back([=] { sign_many(f, session, key, each); });
  }
  for (auto& thread : running) thread.join();
}

}  // namespace lamp::test
