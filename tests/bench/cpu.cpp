// Usage: bench-cpu [Google Benchmark's options]
//
// The processor time of one signature in the module itself: Kilt in this process on a card that
// answers at once, and beside it SoftHSM, which makes the signature itself, and the bare RSA
// operation of OpenSSL that SoftHSM's contains. RSA-1024, CKM_SHA256_RSA_PKCS.
#include <fstream>

#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/bench/bench_module.h"
#include "tests/support/paths.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace kilt::bench;  // NOLINT(google-build-using-namespace): its other half
using namespace std::chrono_literals;

void kilt_on_an_instant_card(benchmark::State& state) {
  const Kilt kilt(1, 0us);
  for (auto _ : state) kilt.signer(0).sign();
}
BENCHMARK(kilt_on_an_instant_card)->MeasureProcessCPUTime();

/// SoftHSM with a token and a key of its own, in a folder of its own.
class SoftHsm {
 public:
  SoftHsm() {
    std::filesystem::create_directory(folder_.path() / "tokens");
    std::ofstream(folder_.path() / "softhsm2.conf")
        << "directories.tokendir = " << (folder_.path() / "tokens").string()
        << "\nlog.level = ERROR\n";
    setenv("SOFTHSM2_CONF", (folder_.path() / "softhsm2.conf").c_str(), 1);
    void* library = dlopen(kilt::test::paths::softhsm(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    auto* list = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
    check("C_GetFunctionList", list(&p11_));
    check("C_Initialize", p11_->C_Initialize(nullptr));
    std::string pin = "135790", label(32, ' ');
    CK_ULONG count = 1;
    CK_SLOT_ID slot = 0;
    check("C_GetSlotList", p11_->C_GetSlotList(CK_TRUE, &slot, &count));
    check("C_InitToken",
          p11_->C_InitToken(slot, kilt::test::chars(pin), pin.size(), kilt::test::chars(label)));
    count = 1;  // the token's slot has another number now
    check("C_GetSlotList", p11_->C_GetSlotList(CK_TRUE, nullptr, &count));
    std::vector<CK_SLOT_ID> slots(count);
    check("C_GetSlotList", p11_->C_GetSlotList(CK_TRUE, slots.data(), &count));
    slot = slots.front();
    CK_SESSION_HANDLE so = 0;
    check("C_OpenSession",
          p11_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &so));
    check("C_Login", p11_->C_Login(so, CKU_SO, kilt::test::chars(pin), pin.size()));
    check("C_InitPIN", p11_->C_InitPIN(so, kilt::test::chars(pin), pin.size()));
    check("C_CloseSession", p11_->C_CloseSession(so));
    signer_.emplace(p11_, slot, pin);
    CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
    CK_ULONG bits = 1024;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE public_half{CKA_MODULUS_BITS, &bits, sizeof bits};
    std::array<CK_ATTRIBUTE, 2> private_half{
        {{CKA_TOKEN, &yes, sizeof yes}, {CKA_SIGN, &yes, sizeof yes}}};
    CK_OBJECT_HANDLE half = 0;
    check("C_GenerateKeyPair",
          p11_->C_GenerateKeyPair(signer_->session, &mechanism, &public_half, 1,
                                  private_half.data(), private_half.size(), &half, &signer_->key));
  }
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;
  ~SoftHsm() { p11_->C_Finalize(nullptr); }
  void sign() const { signer_->sign(); }

 private:
  kilt::test::TemporaryFolder folder_;
  CK_FUNCTION_LIST* p11_ = nullptr;
  std::optional<Signer> signer_;
};

void softhsm(benchmark::State& state) {
  const SoftHsm module;
  for (auto _ : state) module.sign();
}
BENCHMARK(softhsm)->MeasureProcessCPUTime();

void rsa_operation_of_openssl(benchmark::State& state) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}), &EVP_PKEY_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new(key.get(), nullptr), &EVP_PKEY_CTX_free);
  if (EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1)
    throw std::runtime_error("OpenSSL does not sign");
  const kilt::Bytes input(51, 7);
  kilt::Bytes signature(128);
  for (auto _ : state) {
    std::size_t size = signature.size();
    if (EVP_PKEY_sign(context.get(), signature.data(), &size, input.data(), input.size()) != 1)
      throw std::runtime_error("OpenSSL does not sign");
  }
}
BENCHMARK(rsa_operation_of_openssl)->MeasureProcessCPUTime();

}  // namespace

BENCHMARK_MAIN();
