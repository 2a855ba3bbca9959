// Usage: bench-calls MODULE SLOT PIN CONTROL-SOCKET
//
// Loads a PKCS#11 module, does what clients do, and asks the virtual token after each step how many
// APDUs it has seen: lines "step<TAB>count". Only the standard's own functions are used, so that it
// measures any module.
#include <array>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

/// The control socket of kilt-vtoken.
class Counter {
 public:
  explicit Counter(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long");
    std::memcpy(address.sun_path, path.c_str(), path.size());
    // The sockets interface wants its own address type behind a generic pointer.
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("no control socket");
  }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;
  ~Counter() { close(fd_); }

  unsigned long read_count() {
    if (write(fd_, "count\n", 6) != 6) throw std::runtime_error("control socket closed");
    std::string answer;
    for (char byte = 0; read(fd_, &byte, 1) == 1 && byte != '\n';) answer += byte;
    return std::stoul(answer);
  }

 private:
  int fd_;
};

void check(const char* what, CK_RV rv) {
  if (rv != CKR_OK) throw std::runtime_error(std::string(what) + " failed: " + std::to_string(rv));
}

class Run {
 public:
  Run(CK_FUNCTION_LIST* module, CK_SLOT_ID slot, std::string pin, Counter& counter)
      : p11_(module), slot_(slot), pin_(std::move(pin)), counter_(&counter) {
    before_ = counter_->read_count();
    start_ = before_;
  }

  void all() {
    check("C_Initialize", p11_->C_Initialize(nullptr));
    slot_list();
    step("C_Initialize, C_GetSlotList");
    check("C_OpenSession", p11_->C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                               nullptr, &session_));
    step("C_OpenSession");
    check("C_Login", p11_->C_Login(session_, CKU_USER, bytes(pin_), pin_.size()));
    step("C_Login");
    const auto keys = find(CKO_PRIVATE_KEY);
    if (keys.empty()) throw std::runtime_error("no private key");
    step("find the private key");
    if (sign(keys.front())) {
      step("first signature");
      std::printf("start to first signature\t%lu\n", before_ - start_);
      sign(keys.front());
      step("each further signature");
    }
    read_all();
    step("list and read everything");
    read_all();
    step("list and read everything again");
    CK_TOKEN_INFO info;
    check("C_GetTokenInfo", p11_->C_GetTokenInfo(slot_, &info));
    step("C_GetTokenInfo");
    check("C_GetTokenInfo", p11_->C_GetTokenInfo(slot_, &info));
    step("C_GetTokenInfo again");
    std::array<CK_BYTE, 256> random{};
    const CK_RV rv = p11_->C_GenerateRandom(session_, random.data(), 32);
    if (rv == CKR_OK) step("32 random bytes");  // not every module has them of every token
    slot_list();
    slot_list();
    step("C_GetSlotList, C_GetSlotInfo twice");
    check("C_Logout", p11_->C_Logout(session_));
    step("C_Logout");
    check("C_Finalize", p11_->C_Finalize(nullptr));
  }

 private:
  static CK_BYTE* bytes(std::string& text) { return reinterpret_cast<CK_BYTE*>(text.data()); }

  void step(const char* name) {
    const unsigned long now = counter_->read_count();
    std::printf("%s\t%lu\n", name, now - before_);
    before_ = now;
  }

  void slot_list() {
    std::array<CK_SLOT_ID, 16> slots{};
    CK_ULONG count = slots.size();
    check("C_GetSlotList", p11_->C_GetSlotList(CK_TRUE, slots.data(), &count));
    CK_SLOT_INFO info;
    check("C_GetSlotInfo", p11_->C_GetSlotInfo(slot_, &info));
  }

  std::vector<CK_OBJECT_HANDLE> find(CK_OBJECT_CLASS object_class) {
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
    check("C_FindObjectsInit", p11_->C_FindObjectsInit(session_, &wanted, 1));
    std::vector<CK_OBJECT_HANDLE> found(100);
    CK_ULONG count = 0;
    check("C_FindObjects", p11_->C_FindObjects(session_, found.data(), found.size(), &count));
    check("C_FindObjectsFinal", p11_->C_FindObjectsFinal(session_));
    found.resize(count);
    return found;
  }

  /// False if the token refuses: some keys are listed only.
  bool sign(CK_OBJECT_HANDLE key) {
    CK_KEY_TYPE type = CKK_RSA;
    CK_ATTRIBUTE wanted{CKA_KEY_TYPE, &type, sizeof type};
    check("C_GetAttributeValue", p11_->C_GetAttributeValue(session_, key, &wanted, 1));
    CK_MECHANISM mechanism{type == CKK_RSA ? CKM_SHA256_RSA_PKCS : CKM_ECDSA, nullptr, 0};
    std::string text = "thirty-two bytes, as of a hash..";
    std::array<CK_BYTE, 512> signature{};
    CK_ULONG size = signature.size();
    CK_RV rv = p11_->C_SignInit(session_, &mechanism, key);
    if (rv == CKR_OK)
      rv = p11_->C_Sign(session_, bytes(text), text.size(), signature.data(), &size);
    if (rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_MECHANISM_INVALID) return false;
    check("signature", rv);
    return true;
  }

  void read_all() {
    for (const CK_OBJECT_CLASS object_class : {CKO_CERTIFICATE, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY})
      for (const CK_OBJECT_HANDLE object : find(object_class))
        for (const CK_ATTRIBUTE_TYPE type : {CKA_ID, CKA_LABEL, CKA_VALUE, CKA_MODULUS}) {
          std::array<CK_BYTE, 4096> value{};
          CK_ATTRIBUTE wanted{type, value.data(), value.size()};
          p11_->C_GetAttributeValue(session_, object, &wanted, 1);  // not every object has each
        }
  }

  CK_FUNCTION_LIST* p11_;
  CK_SLOT_ID slot_;
  std::string pin_;
  Counter* counter_;
  CK_SESSION_HANDLE session_ = 0;
  unsigned long before_ = 0, start_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: bench-calls MODULE SLOT PIN CONTROL-SOCKET\n";
    return 2;
  }
  try {
    void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    const auto get_list =
        reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
    CK_FUNCTION_LIST* list = nullptr;
    if (get_list == nullptr || get_list(&list) != CKR_OK) throw std::runtime_error("no module");
    Counter counter(argv[4]);
    Run(list, std::stoul(argv[2]), argv[3], counter).all();
  } catch (const std::exception& error) {
    std::cerr << "bench-calls: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
