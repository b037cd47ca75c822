#include "hsm/module.hpp"

#include <dlfcn.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>

#include <map>
#include <mutex>
#include <utility>

#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

template <std::size_t N>
std::string padded_text(const unsigned char (&field)[N]) {
  std::string text{field, field + N};
  const auto last = text.find_last_not_of(std::string_view{" \0", 2});
  text.erase(last == std::string::npos ? 0 : last + 1);
  return text;
}

[[noreturn]] void refuse_to_load(const std::filesystem::path& path, const char* why) {
  throw Error{Errc::unavailable, path.string() + ": not loaded: " + (why == nullptr ? "no reason given" : why)};
}

}  // namespace

std::shared_ptr<Module> Module::load(const std::filesystem::path& path, const std::string& init) {
  // Weak: nothing here finalises a module after main, where SoftHSM's and OpenSSL's exit handlers collide.
  static std::mutex mutex;
  static std::map<std::pair<std::filesystem::path, std::string>, std::weak_ptr<Module>> loaded;
  const std::scoped_lock lock{mutex};
  auto& known = loaded[{path, init}];
  if (auto module = known.lock()) return module;
  auto module = std::make_shared<Module>(path, init);
  known = module;
  return module;
}

Module::Module(const std::filesystem::path& path, const std::string& init) : path_{path}, by_p11_kit_{init.empty()} {
  if (!path.is_absolute()) {
    throw Error{Errc::bad_input, "PKCS#11 module '" + path.string() + "' must be an absolute path"};
  }
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    throw Error{Errc::not_found, path.string() + ": no such PKCS#11 module; is its package installed?"};
  }
  by_p11_kit_ ? load_by_p11_kit() : load_with(init);
}

void Module::load_by_p11_kit() {
  functions_ = p11_kit_module_load(path_.c_str(), P11_KIT_MODULE_CRITICAL);
  if (functions_ == nullptr) refuse_to_load(path_, p11_kit_message());
  const CK_RV rv = p11_kit_module_initialize(functions_);
  if (rv != CKR_OK) {
    p11_kit_module_release(functions_);
    in_context(path_.string(), [&] { check(rv, "C_Initialize"); });
  }
}

void Module::load_with(const std::string& init) {
  // Never closed: what the module registered to run at exit must still be there.
  void* library = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) refuse_to_load(path_, ::dlerror());
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
  if (get == nullptr) refuse_to_load(path_, "it is no PKCS#11 module");
  std::string text = init;
  // NSS has its parameters where the standard has pReserved, and a further field behind.
  struct {
    CK_C_INITIALIZE_ARGS standard;
    void* behind;
  } arguments{{nullptr, nullptr, nullptr, nullptr, CKF_OS_LOCKING_OK, text.data()}, nullptr};
  in_context(path_.string(), [&] {
    check(get(&functions_), "C_GetFunctionList");
    check(functions_->C_Initialize(&arguments), "C_Initialize");
  });
}

Module::~Module() {
  if (!by_p11_kit_) {
    functions_->C_Finalize(nullptr);
    return;
  }
  p11_kit_module_finalize(functions_);
  p11_kit_module_release(functions_);
}

TokenInfo token_info(const Module& module, unsigned long slot) {
  CK_TOKEN_INFO raw{};
  check(module.functions()->C_GetTokenInfo(slot, &raw), "C_GetTokenInfo");
  const auto has = [&](CK_FLAGS flag) { return (raw.flags & flag) != 0; };
  TokenInfo info;
  info.slot = slot;
  info.label = padded_text(raw.label);
  info.manufacturer = padded_text(raw.manufacturerID);
  info.model = padded_text(raw.model);
  info.serial = padded_text(raw.serialNumber);
  info.firmware = std::to_string(raw.firmwareVersion.major) + "." + std::to_string(raw.firmwareVersion.minor);
  info.initialized = has(CKF_TOKEN_INITIALIZED);
  info.user_pin_set = has(CKF_USER_PIN_INITIALIZED);
  info.login_required = has(CKF_LOGIN_REQUIRED);
  info.pin_count_low = has(CKF_USER_PIN_COUNT_LOW);
  info.pin_final_try = has(CKF_USER_PIN_FINAL_TRY);
  info.pin_locked = has(CKF_USER_PIN_LOCKED);
  info.min_pin = raw.ulMinPinLen;
  info.max_pin = raw.ulMaxPinLen;
  return info;
}

std::vector<TokenInfo> list_tokens(const Module& module) {
  auto* functions = module.functions();
  CK_ULONG count = 0;
  check(functions->C_GetSlotList(CK_TRUE, nullptr, &count), "C_GetSlotList");
  std::vector<CK_SLOT_ID> slots(count);
  check(functions->C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
  slots.resize(count);
  std::vector<TokenInfo> tokens;
  tokens.reserve(slots.size());
  for (const auto slot : slots) tokens.push_back(token_info(module, slot));
  return tokens;
}

}  // namespace lamp::hsm
