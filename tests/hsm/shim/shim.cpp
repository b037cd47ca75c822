// A PKCS#11 module that passes every call on to a real one, records it, and misbehaves as a script says.
//
// Environment: LAMP_SHIM_MODULE, the real module; LAMP_SHIM_SCRIPT, the script, read anew at every call (each change of
// it starts the counting anew); calls are recorded in the file beside it that ends in ".calls". LAMP_SHIM_METER, a file
// to which C_Finalize adds how many microseconds of the processor, and by the clock, were spent within the module.
//
// A line of the script:  FUNCTION WHEN FAULT [ARGUMENT]
//   WHEN   N: the N-th call only; N+: from the N-th on
//   FAULT  return CODE     do not call the module, return that code
//          lose CODE       call the module, then return that code all the same
//          slow MS         wait first
//          wrong           change a bit of what comes out
//          truncate        leave the last byte of what comes out off
//          end-sessions    close all sessions of all slots first
//          log-out         log out first
//          serial TEXT     a token of that serial number (C_GetTokenInfo)
//          flags NUMBER    further token flags (C_GetTokenInfo)
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

CK_FUNCTION_LIST* real = nullptr;
CK_FUNCTION_LIST ours;

struct Fault {
  std::string kind, argument;
  [[nodiscard]] unsigned long number() const { return std::stoul(argument, nullptr, 0); }
};

/// The script and how often each function was called since it was written.
class Script {
 public:
  std::vector<Fault> faults_of_call(const std::string& function) {
    const std::scoped_lock guard{mutex_};
    const char* file = std::getenv("LAMP_SHIM_SCRIPT");
    if (file == nullptr) return {};
    std::ofstream{std::string{file} + ".calls", std::ios::app} << function << '\n';
    std::stringstream text;
    text << std::ifstream{file}.rdbuf();
    if (text.str() != text_) calls_.clear();
    text_ = text.str();
    return matching(text, function, ++calls_[function]);
  }

 private:
  static std::vector<Fault> matching(std::istream& lines, const std::string& function, unsigned long call) {
    std::vector<Fault> faults;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words{line};
      std::string name, when;
      Fault fault;
      words >> name >> when >> fault.kind >> fault.argument;
      if (name != function) continue;
      const auto first = std::stoul(when);
      if (call == first || (when.back() == '+' && call > first)) faults.push_back(std::move(fault));
    }
    return faults;
  }

  std::mutex mutex_;
  std::string text_;
  std::map<std::string, unsigned long> calls_;
};
Script script;

/// Time within the real module. Calls of several threads at once are counted each.
class Meter {
 public:
  class Call {
   public:
    explicit Call(Meter& meter) : meter_{meter} {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() {
      meter_.processor_ += now(CLOCK_THREAD_CPUTIME_ID) - processor_;
      meter_.clock_ += now(CLOCK_MONOTONIC) - clock_;
    }

   private:
    Meter& meter_;
    long long processor_ = now(CLOCK_THREAD_CPUTIME_ID), clock_ = now(CLOCK_MONOTONIC);
  };

  void report() {
    if (const char* file = std::getenv("LAMP_SHIM_METER"))
      std::ofstream{file, std::ios::app} << processor_.exchange(0) / 1000 << ' ' << clock_.exchange(0) / 1000 << '\n';
  }

 private:
  static long long now(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
  }
  std::atomic<long long> processor_ = 0, clock_ = 0;
};
Meter meter;

void end_sessions() {
  CK_SLOT_ID slots[64];
  CK_ULONG count = std::size(slots);
  if (real->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) return;
  for (CK_ULONG i = 0; i < count; ++i) real->C_CloseAllSessions(slots[i]);
}

void log_out() {
  CK_SLOT_ID slots[64];
  CK_ULONG count = std::size(slots);
  if (real->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) return;
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    if (real->C_OpenSession(slots[i], CKF_SERIAL_SESSION, nullptr, nullptr, &session) != CKR_OK) continue;
    real->C_Logout(session);
    real->C_CloseSession(session);
  }
}

void spoil_output(const Fault& fault, CK_BYTE* bytes, CK_ULONG* size) {
  if (bytes == nullptr || *size == 0) return;
  if (fault.kind == "wrong") bytes[*size / 2] ^= 0x01;
  if (fault.kind == "truncate") --*size;
}

void spoil_info(const Fault& fault, CK_TOKEN_INFO* info) {
  if (fault.kind == "flags") info->flags |= fault.number();
  if (fault.kind != "serial") return;
  std::fill(std::begin(info->serialNumber), std::end(info->serialNumber), ' ');
  std::copy(fault.argument.begin(), fault.argument.end(), info->serialNumber);
}

template <class... Arguments>
void spoil(const Fault& fault, std::tuple<Arguments...> arguments) {
  constexpr auto count = sizeof...(Arguments);
  if constexpr (count >= 2) {
    using Last = std::tuple_element_t<count - 1, std::tuple<Arguments...>>;
    using Before = std::tuple_element_t<count - 2, std::tuple<Arguments...>>;
    if constexpr (std::is_same_v<Last, CK_ULONG*> && std::is_same_v<Before, CK_BYTE*>) {
      spoil_output(fault, std::get<count - 2>(arguments), std::get<count - 1>(arguments));
    }
    if constexpr (std::is_same_v<Last, CK_TOKEN_INFO*>) spoil_info(fault, std::get<count - 1>(arguments));
  }
}

/// What happens before the call; true when the call is not made at all.
bool hinder(const Fault& fault) {
  if (fault.kind == "slow") std::this_thread::sleep_for(std::chrono::milliseconds{fault.number()});
  if (fault.kind == "end-sessions") end_sessions();
  if (fault.kind == "log-out") log_out();
  return fault.kind == "return";
}

template <class Call>
auto metered(Call&& call) {
  const Meter::Call running{meter};
  return call();
}

template <class... Arguments>
CK_RV pass_on(const char* name, CK_RV (*function)(Arguments...), Arguments... arguments) {
  const auto faults = script.faults_of_call(name);
  for (const auto& fault : faults) {
    if (hinder(fault)) return fault.number();
  }
  CK_RV rv = metered([&] { return function(arguments...); });
  for (const auto& fault : faults) {
    if (rv == CKR_OK) spoil(fault, std::tuple{arguments...});
    if (fault.kind == "lose") rv = fault.number();
  }
  return rv;
}

#define LAMP_SHIM(name) ours.name = [](auto... arguments) -> CK_RV { return pass_on(#name, real->name, arguments...); }

#define LAMP_METER(name) \
  ours.name = [](auto... arguments) -> CK_RV { return metered([&] { return real->name(arguments...); }); }

void hook() {
  LAMP_SHIM(C_GetTokenInfo);
  LAMP_SHIM(C_OpenSession);
  LAMP_SHIM(C_CloseSession);
  LAMP_SHIM(C_GetSessionInfo);
  LAMP_SHIM(C_Login);
  LAMP_SHIM(C_CreateObject);
  LAMP_SHIM(C_DestroyObject);
  LAMP_SHIM(C_GetAttributeValue);
  LAMP_SHIM(C_SetAttributeValue);
  LAMP_SHIM(C_FindObjectsInit);
  LAMP_SHIM(C_DecryptInit);
  LAMP_SHIM(C_Decrypt);
  LAMP_SHIM(C_SignInit);
  LAMP_SHIM(C_Sign);
  LAMP_SHIM(C_GenerateKey);
  LAMP_SHIM(C_GenerateKeyPair);
  LAMP_SHIM(C_WrapKey);
  LAMP_SHIM(C_DeriveKey);
  // These are only metered.
  LAMP_METER(C_Initialize);
  LAMP_METER(C_GetSlotList);
  LAMP_METER(C_GetSlotInfo);
  LAMP_METER(C_GetMechanismList);
  LAMP_METER(C_GetMechanismInfo);
  LAMP_METER(C_Logout);
  LAMP_METER(C_SetPIN);
  LAMP_METER(C_FindObjects);
  LAMP_METER(C_FindObjectsFinal);
  LAMP_METER(C_Encrypt);
  ours.C_Finalize = [](void* reserved) -> CK_RV {
    const CK_RV rv = metered([&] { return real->C_Finalize(reserved); });
    meter.report();
    return rv;
  };
}

CK_RV load() {
  const char* path = std::getenv("LAMP_SHIM_MODULE");
  if (path == nullptr) return CKR_GENERAL_ERROR;
  // Never closed: what the real module registered to run at exit must still be there.
  void* module = metered([&] { return ::dlopen(path, RTLD_NOW | RTLD_LOCAL); });
  if (module == nullptr) return CKR_GENERAL_ERROR;
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(module, "C_GetFunctionList"));
  const CK_RV rv = get == nullptr ? CKR_GENERAL_ERROR : get(&real);
  if (rv != CKR_OK) return rv;
  ours = *real;
  hook();
  return CKR_OK;
}

CK_RV list_functions(CK_FUNCTION_LIST** list) {
  static const CK_RV loaded = load();
  *list = &ours;
  return loaded;
}

}  // namespace

extern "C" CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) { return list_functions(list); }
