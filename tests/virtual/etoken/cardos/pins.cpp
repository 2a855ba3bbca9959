// Test objects: PINs and keys for challenge and response.
#include <algorithm>
#include <stdexcept>

#include <openssl/evp.h>

#include "tests/virtual/etoken/cardos/cardos.h"

namespace kilt::vtoken::etoken::cardos {
namespace {

constexpr std::uint8_t kAlsoAbove = 0x80;  ///< in a reference: search the DFs above, too
constexpr std::uint8_t kAdminPhase = 0x20;
constexpr std::size_t kBlock = 8;

Bytes triple_des(const Bytes& key, const Bytes& block) {
  Bytes out(kBlock);
  int length = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const bool good =
      EVP_EncryptInit_ex(context, EVP_des_ede3_ecb(), nullptr, key.data(), nullptr) == 1 &&
      EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
      EVP_EncryptUpdate(context, out.data(), &length, block.data(),
                        static_cast<int>(block.size())) == 1;
  EVP_CIPHER_CTX_free(context);
  if (!good) throw std::runtime_error("triple DES failed");
  return out;
}

}  // namespace

TestObject* CardOs::find_test(std::uint8_t reference) {
  const auto id = static_cast<std::uint8_t>(reference & ~kAlsoAbove);
  if ((reference & kAlsoAbove) == 0) {
    const auto found = master_->tests.find(id);
    return found == master_->tests.end() ? nullptr : &found->second;
  }
  for (File* at = directory_; at != nullptr; at = at->parent)
    if (const auto found = at->tests.find(id); found != at->tests.end()) return &found->second;
  return nullptr;
}

bool CardOs::fulfilled(std::uint8_t condition, const File* from) const {
  if (condition == 0x00 || (phase_ == kAdminPhase && is("admin-phase", "free"))) return true;
  if (condition == 0xFF) return false;
  for (const File* at = from; at != nullptr; at = at->parent)
    if (const auto found = at->tests.find(condition); found != at->tests.end())
      return passed_.contains(&found->second);
  return false;
}

/// One try is over.
Answer CardOs::compare(TestObject& test, bool equal) {
  about_to_write();
  if (equal) {
    test.tries_left = test.tries_max;
    return {};
  }
  passed_.erase(&test);
  --test.tries_left;
  if (test.tries_left == 0 && is("last-try", "6983")) return status(0x6983);
  return status(test.shows_tries ? 0x63C0U | test.tries_left : 0x6300U);
}

Answer CardOs::verify(const Apdu& apdu) {
  if (apdu.p1 != 0x00) return status(0x6A86);
  TestObject* test = find_test(apdu.p2);
  if (test == nullptr || test->by_challenge) return status(0x6A88);
  if (apdu.data.size() != test->value.size()) return status(0x6700);
  if (test->tries_left == 0) return status(0x6983);
  const Answer answer = compare(*test, apdu.data == test->value);
  if (answer.sw == 0x9000) passed_.insert(test);
  return answer;
}

/// Zeros at the end are padding; what is left must be long enough.
Answer CardOs::replace_pin(TestObject& test, const Bytes& value) {
  const auto end = std::ranges::find_if(value.rbegin(), value.rend(),
                                        [](std::uint8_t byte) { return byte != 0x00; });
  if (static_cast<std::size_t>(value.rend() - end) < test.shortest) return status(0x6A80);
  about_to_write();
  test.value = value;
  test.tries_left = test.tries_max;
  return {};
}

/// Old and new.
Answer CardOs::change_pin(const Apdu& apdu) {
  if (apdu.p1 != 0x00) return status(0x6A86);
  TestObject* test = find_test(apdu.p2);
  if (test == nullptr || test->by_challenge) return status(0x6A88);
  const std::size_t size = test->value.size();
  if (apdu.data.size() != 2 * size) return status(0x6700);
  if (test->tries_left == 0) return status(0x6983);
  const Answer answer = compare(*test, part(apdu.data, 0, size) == test->value);
  if (answer.sw != 0x9000) return answer;
  return replace_pin(*test, part(apdu.data, size, size));
}

/// The PUK that the object names, and the new PIN.
Answer CardOs::unblock_pin(const Apdu& apdu) {
  if (apdu.p1 != 0x00) return status(0x6A86);
  TestObject* test = find_test(apdu.p2);
  if (test == nullptr || test->by_challenge) return status(0x6A88);
  if (test->unblock == 0xFF) return status(0x6982);
  TestObject* puk = find_test(static_cast<std::uint8_t>(test->unblock | (apdu.p2 & kAlsoAbove)));
  if (puk == nullptr) return status(0x6A88);
  const std::size_t size = puk->value.size();
  if (apdu.data.size() != size + test->value.size()) return status(0x6700);
  if (puk->tries_left == 0) return status(0x6983);
  const Answer answer = compare(*puk, part(apdu.data, 0, size) == puk->value);
  if (answer.sw != 0x9000) return answer;
  return replace_pin(*test, part(apdu.data, size, apdu.data.size()));
}

Answer CardOs::external_authenticate(const Apdu& apdu) {
  if (apdu.p1 != 0x00) return status(0x6A86);
  TestObject* test = find_test(apdu.p2);
  if (test == nullptr || !test->by_challenge) return status(0x6A88);
  if (apdu.data.size() != kBlock) return status(0x6700);
  if (test->tries_left == 0) return status(0x6983);
  if (challenge_.size() != kBlock) return status(0x6985);
  const Bytes expected = triple_des(test->value, challenge_);
  challenge_.clear();
  const Answer answer = compare(*test, apdu.data == expected);
  if (answer.sw == 0x9000) passed_.insert(test);
  return answer;
}

}  // namespace kilt::vtoken::etoken::cardos
