// Calls, answers and faults from bytes: a careless program, a token that goes wrong, somebody who
// pulls it out, all at once. Each call takes its function and arguments from the input; each APDU
// takes a byte that lets the virtual token answer or does something else.
#include <array>
#include <cstdlib>

#include "pkcs11/lifecycle.h"
#include "tests/support/fuzz_card.h"
#include "tests/support/module_test.h"
#include "tests/support/ready_kaztoken.h"

using namespace kilt;        // NOLINT(google-build-using-namespace)
using namespace kilt::test;  // NOLINT(google-build-using-namespace)

namespace {

constexpr unsigned kMaxCalls = 60;

class FaultyToken : public test::CardEndpoint {
 public:
  FaultyToken(FuzzInput& input, std::shared_ptr<test::CardEndpoint> card)
      : input_(&input), card_(std::move(card)) {}
  [[nodiscard]] Bytes atr() const override { return card_->atr(); }
  void reset() override { card_->reset(); }
  Bytes transmit(BytesView command) override {
    switch (input_->byte()) {
      case 0xFF:
        throw CardRemoved();
      case 0xFE:
        card_->reset();
        throw CardReset();
      case 0xFD:
        throw TransportError("fault");
      case 0xFC:
        return to_bytes(input_->block());
      case 0xFB: {
        Bytes answer = card_->transmit(command);
        answer.resize(answer.size() / 2);
        return answer;
      }
      case 0xFA: {
        Bytes answer = card_->transmit(command);
        answer[input_->byte() % answer.size()] = input_->byte();
        return answer;
      }
      default:
        return card_->transmit(command);
    }
  }

 private:
  FuzzInput* input_;
  std::shared_ptr<test::CardEndpoint> card_;
};

constexpr std::array<CK_MECHANISM_TYPE, 10> kMechanisms{
    CKM_RSA_PKCS,     CKM_SHA256_RSA_PKCS,       CKM_RSA_X_509,
    CKM_RSA_PKCS_PSS, CKM_RSA_PKCS_OAEP,         CKM_SHA256_RSA_PKCS_PSS,
    CKM_SHA256,       CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_SHA_1,
    CKM_GOSTR3410};

/// A program's variables, and arguments made of the input's bytes.
class Program {
 public:
  explicit Program(FuzzInput& input) : input_(&input) {}

  void call() {
    const Byte function = input_->byte();
    buffer_.assign(600, 0);
    length_ = input_->byte() < 0x20 ? input_->byte() : 600;
    const CK_RV rv = dispatch(function);
    // An exception that nobody thought of.
    if (rv == CKR_GENERAL_ERROR) std::abort();
  }

 private:
  Byte byte() { return input_->byte(); }
  CK_SESSION_HANDLE session() { return byte() < 0xF0 ? session_ : byte(); }
  CK_OBJECT_HANDLE object() {
    const Byte which = byte();
    return which < objects_.size() ? objects_[which] : which;
  }
  CK_BYTE* data() {
    block_ = to_bytes(input_->block());
    block_.resize(std::min<std::size_t>(block_.size(), 2048));
    block_.shrink_to_fit();
    return byte() < 0xF8 ? block_.data() : nullptr;
  }
  CK_ULONG size() { return byte() < 0xF8 ? block_.size() : 0; }
  CK_BYTE* buffer() { return byte() < 0xE0 ? buffer_.data() : nullptr; }
  CK_ULONG* length() { return byte() < 0xF8 ? &length_ : nullptr; }
  CK_MECHANISM* mechanism() {
    const Byte which = byte();
    mechanism_ = {which < kMechanisms.size() ? kMechanisms.at(which) : which, nullptr, 0};
    pss_ = {CKM_SHA256, CKG_MGF1_SHA256, byte()};
    oaep_ = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
    if (mechanism_.mechanism == CKM_RSA_PKCS_OAEP) {
      mechanism_.pParameter = &oaep_;
      mechanism_.ulParameterLen = sizeof oaep_;
    } else if (byte() < 0x80) {
      mechanism_.pParameter = &pss_;
      mechanism_.ulParameterLen = byte() < 0xF0 ? sizeof pss_ : byte() % sizeof pss_;
    }
    return byte() < 0xF8 ? &mechanism_ : nullptr;
  }
  /// Up to four attributes with values out of the input.
  std::pair<CK_ATTRIBUTE*, CK_ULONG> attributes() {
    const std::size_t count = byte() % 5;
    values_.resize(count);
    template_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      values_[i] = to_bytes(input_->block());
      values_[i].resize(std::min<std::size_t>(values_[i].size(), 600));
      values_[i].shrink_to_fit();
      const CK_ATTRIBUTE_TYPE type = CK_ATTRIBUTE_TYPE{byte()} << 8 | byte();
      template_[i] = {type, byte() < 0xE0 ? values_[i].data() : nullptr, values_[i].size()};
    }
    return {template_.data(), count};
  }

  CK_RV dispatch(Byte function) {
    CK_ULONG count = 0;
    std::array<CK_SLOT_ID, 4> slots{};
    std::array<CK_OBJECT_HANDLE, 8> found{};
    CK_OBJECT_HANDLE one = 0, two = 0;
    std::string pin = byte() < 0xC0 ? kUserPin : byte() < 0xC0 ? kSoPin : std::string("000000");
    switch (function % 36) {
      case 0:
        count = slots.size();
        return C_GetSlotList(byte() & 1, slots.data(), &count);
      case 1: {
        CK_TOKEN_INFO info{};
        return C_GetTokenInfo(byte() / 64, &info);
      }
      case 2:
        return C_OpenSession(byte() / 64, CKF_SERIAL_SESSION | (byte() & CKF_RW_SESSION), nullptr,
                             nullptr, &session_);
      case 3:
        return C_CloseSession(session());
      case 4:
        return C_CloseAllSessions(0);
      case 5:
      case 6:
        return C_Login(session(), byte() % 4, chars(pin), pin.size());
      case 7:
        return C_Logout(session());
      case 8:
      case 9: {
        const auto [list, size] = attributes();
        if (const CK_RV rv = C_FindObjectsInit(session_, list, size); rv != CKR_OK) return rv;
        const CK_RV rv = C_FindObjects(session_, found.data(), found.size(), &count);
        if (rv == CKR_OK) objects_.assign(found.begin(), found.begin() + static_cast<long>(count));
        C_FindObjectsFinal(session_);
        return rv;
      }
      case 10:
      case 11: {
        const CK_OBJECT_HANDLE handle = object();
        const auto [list, size] = attributes();
        return C_GetAttributeValue(session(), handle, list, size);
      }
      case 12: {
        const CK_OBJECT_HANDLE handle = object();
        const auto [list, size] = attributes();
        return C_SetAttributeValue(session(), handle, list, size);
      }
      case 13: {
        const auto [list, size] = attributes();
        return C_CreateObject(session(), list, size, &one);
      }
      case 14:
        return C_DestroyObject(session(), object());
      case 15:
        return C_SignInit(session(), mechanism(), object());
      case 16: {
        CK_BYTE* in = data();
        return C_Sign(session(), in, in == nullptr ? 0 : block_.size(), buffer(), length());
      }
      case 17: {
        CK_BYTE* in = data();
        return C_SignUpdate(session(), in, in == nullptr ? size() : block_.size());
      }
      case 18:
        return C_SignFinal(session(), buffer(), length());
      case 19:
        return C_VerifyInit(session(), mechanism(), object());
      case 20: {
        CK_BYTE* in = data();
        return C_Verify(session(), in, size(), buffer_.data(), byte());
      }
      case 21:
        return C_DecryptInit(session(), mechanism(), object());
      case 22: {
        CK_BYTE* in = data();
        return C_Decrypt(session(), in, size(), buffer(), length());
      }
      case 23:
        return C_EncryptInit(session(), mechanism(), object());
      case 24: {
        CK_BYTE* in = data();
        return C_Encrypt(session(), in, size(), buffer(), length());
      }
      case 25:
        return C_DigestInit(session(), mechanism());
      case 26: {
        CK_BYTE* in = data();
        return C_Digest(session(), in, size(), buffer(), length());
      }
      case 27: {
        CK_BYTE* in = data();
        return C_DigestUpdate(session(), in, size());
      }
      case 28:
        return C_DigestFinal(session(), buffer(), length());
      case 29:
        return C_GenerateRandom(session(), buffer(), byte());
      case 30:
        return C_SetPIN(session(), chars(pin), pin.size(), chars(pin), pin.size());
      case 31: {
        std::string label(32, ' ');
        return C_InitToken(0, chars(pin), pin.size(), chars(label));
      }
      case 32:
        return C_InitPIN(session(), chars(pin), pin.size());
      case 33: {
        CK_SLOT_ID slot = 0;
        return C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, nullptr);
      }
      case 34: {
        // Small keys only: generation is slow.
        CK_ULONG bits = 512;
        CK_ATTRIBUTE size{CKA_MODULUS_BITS, &bits, sizeof bits};
        CK_MECHANISM generate{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
        return C_GenerateKeyPair(session(), &generate, &size, 1, nullptr, 0, &one, &two);
      }
      default:
        C_Finalize(nullptr);
        return C_Initialize(nullptr);
    }
  }

  FuzzInput* input_;
  CK_SESSION_HANDLE session_ = 0;
  std::vector<CK_OBJECT_HANDLE> objects_;
  Bytes block_, buffer_;
  CK_ULONG length_ = 0;
  CK_MECHANISM mechanism_{};
  CK_RSA_PKCS_PSS_PARAMS pss_{};
  CK_RSA_PKCS_OAEP_PARAMS oaep_{};
  std::vector<Bytes> values_;
  std::vector<CK_ATTRIBUTE> template_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  setenv("KILT_CONF", "/nonexistent/kilt.toml", 1);
  setenv("XDG_CACHE_HOME", "/dev/null", 1);
  FuzzInput input({data, size});
  const auto readers = std::make_shared<test::MemoryTransport>();
  readers->add_reader(kReader);
  auto card = vtoken::make_card("kaztoken");
  card->load(ready_kaztoken());
  readers->insert(kReader, std::make_shared<FaultyToken>(
                               input, std::make_shared<VirtualEndpoint>(std::move(card))));
  p11::set_transport_factory([readers](const p11::Config&) {
    p11::Transports transports;
    transports.push_back(std::make_unique<SharedTransport>(readers));
    return transports;
  });
  C_Initialize(nullptr);
  CK_ULONG count = 0;
  C_GetSlotList(CK_FALSE, nullptr, &count);
  Program program(input);
  for (unsigned calls = 0; calls < kMaxCalls && !input.empty(); ++calls) program.call();
  C_Finalize(nullptr);
  return 0;
}
