#include "tools/client/module.h"

#include <algorithm>

#include <dlfcn.h>

#include "tools/client/return_value.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr CK_ULONG kMaxSlots = 1024;
constexpr std::size_t kLabelSize = 32;

std::string version(const CK_VERSION& version) {
  return fmt::format("{}.{}", unsigned{version.major}, unsigned{version.minor});
}

/// The two calls with which Cryptoki gives a list, the count being the module's claim.
template <typename T, typename Call>
std::vector<T> list_of(CK_ULONG limit, const char* function, Call call) {
  CK_ULONG count = 0;
  for (int round = 0; round < 3; ++round) {
    if (const CK_RV rv = call(static_cast<T*>(nullptr), &count); rv != CKR_OK)
      throw failure_of(rv, function);
    if (count > limit)
      throw Failure(Kind::kModule, tr("The module reports {0} entries in {1}.", count, function));
    if (count == 0) return {};
    std::vector<T> list(count);
    const CK_RV rv = call(list.data(), &count);
    if (rv == CKR_BUFFER_TOO_SMALL) continue;  // one more came in between
    if (rv != CKR_OK) throw failure_of(rv, function);
    if (count > list.size())
      throw Failure(Kind::kModule, tr("The module reports {0} entries in {1}.", count, function));
    list.resize(count);
    return list;
  }
  throw failure_of(CKR_BUFFER_TOO_SMALL, function);
}

SlotView::Token decode(const CK_TOKEN_INFO& info) {
  SlotView::Token token;
  token.raw = info;
  token.label = padded_text(info.label, sizeof info.label);
  token.manufacturer = padded_text(info.manufacturerID, sizeof info.manufacturerID);
  token.model = padded_text(info.model, sizeof info.model);
  token.serial = padded_text(info.serialNumber, sizeof info.serialNumber);
  token.flags = info.flags;
  token.min_pin = info.ulMinPinLen;
  token.max_pin = info.ulMaxPinLen;
  token.hardware = version(info.hardwareVersion);
  token.firmware = version(info.firmwareVersion);
  return token;
}

}  // namespace

std::string padded_text(const unsigned char* text, std::size_t size) {
  std::string result(text, text + size);
  result.erase(std::min(result.find('\0'), result.size()));
  result.erase(result.find_last_not_of(' ') + 1);
  return clean(result);
}

Module::Module(std::filesystem::path path) : path_(std::move(path)) {
  void* library = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = dlerror();
    throw Failure(Kind::kModule,
                  tr("The PKCS#11 module {0} cannot be loaded: {1}", path_.string(),
                     clean(why == nullptr ? "?" : why)),
                  tr("Name another with --module, or install Kilt."));
  }
  // POSIX: a pointer from dlsym may be a function.
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* list = nullptr;
  if (get == nullptr || get(&list) != CKR_OK || list == nullptr || list->C_Initialize == nullptr)
    throw Failure(Kind::kModule, tr("{0} is not a PKCS#11 module.", path_.string()));
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV rv = list->C_Initialize(&arguments);
  if (rv != CKR_OK) throw failure_of(rv, "C_Initialize");
  functions_ = list;
}

Module::~Module() { functions_->C_Finalize(nullptr); }

ModuleInfo Module::info() {
  CK_INFO info{};
  if (const CK_RV rv = functions_->C_GetInfo(&info); rv != CKR_OK)
    throw failure_of(rv, "C_GetInfo");
  return {padded_text(info.libraryDescription, sizeof info.libraryDescription),
          padded_text(info.manufacturerID, sizeof info.manufacturerID),
          info.cryptokiVersion.major,
          info.cryptokiVersion.minor,
          info.libraryVersion.major,
          info.libraryVersion.minor};
}

std::vector<SlotView> Module::slots() {
  std::vector<SlotView> views = readers();
  for (SlotView& view : views) look(view);
  return views;
}

std::vector<SlotView> Module::readers() {
  stop_if_interrupted();
  const auto ids = list_of<CK_SLOT_ID>(kMaxSlots, "C_GetSlotList", [&](auto* ids_out, auto* count) {
    return functions_->C_GetSlotList(CK_FALSE, ids_out, count);
  });
  std::vector<SlotView> views;
  views.reserve(ids.size());
  for (const CK_SLOT_ID id : ids) views.push_back(reader(id));
  return views;
}

SlotView Module::reader(CK_SLOT_ID id) {
  SlotView view;
  view.id = id;
  CK_SLOT_INFO slot{};
  if (const CK_RV rv = functions_->C_GetSlotInfo(id, &slot); rv != CKR_OK) {
    view.trouble = rv;
    return view;
  }
  view.reader = padded_text(slot.slotDescription, sizeof slot.slotDescription);
  view.present = (slot.flags & CKF_TOKEN_PRESENT) != 0;
  return view;
}

SlotView Module::slot(CK_SLOT_ID id) {
  SlotView view = reader(id);
  look(view);
  return view;
}

void Module::look(SlotView& view) {
  if (!view.present) return;
  CK_TOKEN_INFO token{};
  view.trouble = functions_->C_GetTokenInfo(view.id, &token);
  if (view.trouble == CKR_OK) view.token = decode(token);
}

std::optional<CK_MECHANISM_INFO> Module::mechanism(CK_SLOT_ID id, CK_MECHANISM_TYPE type) {
  CK_MECHANISM_INFO info{};
  if (functions_->C_GetMechanismInfo(id, type, &info) != CKR_OK) return std::nullopt;
  return info;
}

void Module::init_token(CK_SLOT_ID id, const Secret& so_pin, const std::string& label) {
  Bytes padded(kLabelSize, ' ');
  std::copy_n(label.begin(), std::min(label.size(), kLabelSize), padded.begin());
  Secret pin = so_pin.clone();
  const Uninterrupted whole;
  const CK_RV rv = functions_->C_InitToken(id, const_cast<Byte*>(pin.bytes().data()), pin.size(),
                                           padded.data());  // NOLINT: Cryptoki has no const
  if (rv != CKR_OK) throw failure_of(rv, "C_InitToken");
}

}  // namespace kilt::tool
