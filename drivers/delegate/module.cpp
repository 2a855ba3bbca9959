#include "drivers/delegate/module.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include "drivers/errors.h"

namespace kilt::delegate {
namespace {

/// Any symbol of ours shows which library we are in.
const void* object_of(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
}
const void* our_object() {
  static const char here = 0;
  return object_of(&here);
}

/// Modules of this process by path. Leaked: nothing of this project runs at exit, and a forked
/// child leaves its parent's behind, locks included.
struct Known {
  std::mutex mutex;
  pid_t process = getpid();
  std::map<std::string, std::weak_ptr<Module>> modules;
};
Known& known() {
  static std::atomic<Known*> current{nullptr};
  Known* here = current.load();
  if (here != nullptr && here->process == getpid()) return *here;
  auto* fresh = new Known;  // NOLINT(cppcoreguidelines-owning-memory): see above
  if (current.compare_exchange_strong(here, fresh)) return *fresh;
  delete fresh;  // NOLINT(cppcoreguidelines-owning-memory): another thread was faster
  return *current.load();
}

}  // namespace

std::shared_ptr<Module> Module::open(const Rule& rule) {
  const std::filesystem::path path(rule.module);
  if (!path.is_absolute())
    throw ServiceUnavailable("the module's path is not absolute: " + rule.module);
  Known& here = known();
  const std::lock_guard lock(here.mutex);
  if (auto module = here.modules[rule.module].lock()) return module;
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private
  const std::shared_ptr<Module> module(new Module(rule.module));
  const auto log = [&](const std::string& line) {
    if (rule.log) rule.log(line);
  };
  log("starting the module " + rule.module);  // before: it may hang
  const auto start = std::chrono::steady_clock::now();
  module->load();
  module->start();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  if (took > rule.patience)
    log(fmt::format("the module {} took {} ms to start", rule.module, took.count()));
  here.modules[rule.module] = module;
  return module;
}

std::shared_ptr<Module> Module::adopt(const CK_FUNCTION_LIST& functions) {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private
  const std::shared_ptr<Module> module(new Module("(adopted)"));
  module->functions_ = functions;
  return module;
}

void Module::load() {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path_, error))
    throw ServiceUnavailable("there is no module " + path_);
  library_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) throw ServiceUnavailable("the module cannot be loaded: " + path_);
  const void* symbol = dlsym(library_, "C_GetFunctionList");
  if (symbol == nullptr) throw ServiceUnavailable("no PKCS#11 module: " + path_);
  if (object_of(symbol) == our_object() && our_object() != nullptr)
    throw ServiceUnavailable("a module cannot delegate to itself: " + path_);
  CK_C_GetFunctionList get_list = nullptr;
  std::memcpy(&get_list, &symbol, sizeof get_list);  // POSIX's way from void* to a function
  CK_FUNCTION_LIST* list = nullptr;
  if (get_list(&list) != CKR_OK || list == nullptr)
    throw ServiceUnavailable("the module gives no functions: " + path_);
  if (list->version.major != 2)
    throw ServiceUnavailable("the module does not speak Cryptoki 2: " + path_);
  functions_ = *list;
}

void Module::start() {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV rv = need(functions_.C_Initialize, "C_Initialize")(&arguments);
  // Another part of the process may use it already: then its end is that part's business.
  if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
    throw ServiceUnavailable(fmt::format("the module {} does not start: 0x{:X}", path_, rv));
  started_ = rv == CKR_OK;
}

// The library stays loaded: many modules do not survive being unloaded.
Module::~Module() {
  if (started_ && functions_.C_Finalize != nullptr) functions_.C_Finalize(nullptr);
}

void Module::missing(const char* name) const {
  throw NotSupported(fmt::format("the module {} has no {}", path_, name));
}

std::vector<ForeignSlot> Module::slots() const {
  const auto list = KILT_FOREIGN(*this, C_GetSlotList);
  CK_ULONG count = 0;
  check("C_GetSlotList", list(CK_TRUE, nullptr, &count));
  if (count > kMaxSlots) throw MalformedAnswer("the module says it has an absurd number of slots");
  std::vector<CK_SLOT_ID> ids(count + 16);  // a token may come between the two calls
  CK_ULONG got = ids.size();
  check("C_GetSlotList", list(CK_TRUE, ids.data(), &got));
  ids.resize(std::min<std::size_t>(got, ids.size()));
  std::vector<ForeignSlot> found;
  for (const CK_SLOT_ID id : ids) {
    const auto token = token_info(id);
    if (!token) continue;
    ForeignSlot slot;
    slot.id = id;
    CK_SLOT_INFO info{};
    if (KILT_FOREIGN(*this, C_GetSlotInfo)(id, &info) == CKR_OK)
      slot.description = field(info.slotDescription);
    slot.token_flags = token->flags;
    slot.label = field(token->label);
    slot.serial = field(token->serialNumber);
    found.push_back(std::move(slot));
  }
  return found;
}

std::optional<CK_TOKEN_INFO> Module::token_info(CK_SLOT_ID slot) const {
  CK_TOKEN_INFO info{};
  if (KILT_FOREIGN(*this, C_GetTokenInfo)(slot, &info) != CKR_OK) return std::nullopt;
  return info;
}

void check(const char* what, CK_RV rv) {
  switch (rv) {
    case CKR_OK:
      return;
    case CKR_PIN_INCORRECT:
      throw WrongPin(std::nullopt);
    case CKR_PIN_LOCKED:
      throw PinBlocked();
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_INVALID:
      throw PinLength("the module does not take such a PIN");
    case CKR_PIN_EXPIRED:
      throw PinExpired("the PIN must be changed first");
    case CKR_USER_PIN_NOT_INITIALIZED:
      throw PinNotInitialized();
    case CKR_USER_NOT_LOGGED_IN:
      throw NotLoggedIn();
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_SLOT_ID_INVALID:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
      throw CardRemoved("the module's token is gone");
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_KEY_HANDLE_INVALID:
      throw ObjectNotFound("the object is no longer on the token");
    case CKR_DEVICE_MEMORY:
      throw TokenFull();
    case CKR_TOKEN_WRITE_PROTECTED:
    case CKR_SESSION_READ_ONLY:
    case CKR_ATTRIBUTE_READ_ONLY:
    case CKR_ACTION_PROHIBITED:
      throw WriteProtected(fmt::format("the module refuses to write: {}", what));
    case CKR_DATA_INVALID:
    case CKR_DATA_LEN_RANGE:
    case CKR_ENCRYPTED_DATA_INVALID:
    case CKR_ENCRYPTED_DATA_LEN_RANGE:
      throw InvalidData(fmt::format("the module refuses the data: {}", what));
    case CKR_ATTRIBUTE_VALUE_INVALID:
    case CKR_TEMPLATE_INCONSISTENT:
    case CKR_TEMPLATE_INCOMPLETE:
    case CKR_KEY_SIZE_RANGE:
    case CKR_DOMAIN_PARAMS_INVALID:
      throw Inconsistent(fmt::format("the module refuses these attributes: {}", what));
    case CKR_FUNCTION_NOT_SUPPORTED:
    case CKR_MECHANISM_INVALID:
    case CKR_MECHANISM_PARAM_INVALID:
    case CKR_KEY_TYPE_INCONSISTENT:
    case CKR_KEY_FUNCTION_NOT_PERMITTED:
      throw NotSupported(fmt::format("the module cannot do {}: 0x{:X}", what, rv));
    default:
      throw TransportError(fmt::format("the module's {} failed: 0x{:X}", what, rv));
  }
}

}  // namespace kilt::delegate
