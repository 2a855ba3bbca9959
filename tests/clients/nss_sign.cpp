// Usage: nss-sign DATABASE PIN-FILE TOKEN:NICKNAME TEXT SIGNATURE
//
// A detached CMS signature by NSS the way office programs make it: the certificate by its nickname
// over all tokens, its key by PK11_FindKeyByAnyCert, SHA-256 over the text, NSS_CMS* with the whole
// chain and a signing time, no content inside.
#include <array>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <cert.h>
#include <cms.h>
#include <keyhi.h>
#include <nss.h>
#include <pk11pub.h>
#include <prerror.h>
#include <secerr.h>
#include <sechash.h>

namespace {

void must(bool ok, const char* what) {
  if (!ok)
    throw std::runtime_error(std::string(what) + ": NSS error " + std::to_string(PR_GetError()));
}

std::string contents_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// NSS frees the answer with PORT_Free. One answer only: a wrong PIN is not sent twice.
char* pin_for(PK11SlotInfo* /*slot*/, PRBool retry, void* pin) {
  return retry ? nullptr : PORT_Strdup(static_cast<const std::string*>(pin)->c_str());
}

std::vector<unsigned char> sha256(const std::string& text) {
  std::vector<unsigned char> digest(HASH_ResultLen(HASH_AlgSHA256));
  must(HASH_HashBuf(HASH_AlgSHA256, digest.data(),
                    reinterpret_cast<const unsigned char*>(text.data()),
                    static_cast<PRUint32>(text.size())) == SECSuccess,
       "hash");
  return digest;
}

void append(void* out, const char* data, unsigned long size) {
  static_cast<std::string*>(out)->append(data, size);
}

std::string sign(const char* nickname, const std::string& text, std::string& pin) {
  CERTCertificate* certificate = PK11_FindCertFromNickname(nickname, &pin);
  must(certificate != nullptr, "no such certificate");
  SECKEYPrivateKey* key = PK11_FindKeyByAnyCert(certificate, &pin);
  must(key != nullptr, "no key for it");
  SECKEY_DestroyPrivateKey(key);  // the signer info finds it again; here it must be there at all

  NSSCMSMessage* message = NSS_CMSMessage_Create(nullptr);
  NSSCMSSignedData* signed_data = NSS_CMSSignedData_Create(message);
  NSSCMSContentInfo* info = NSS_CMSMessage_GetContentInfo(message);
  must(NSS_CMSContentInfo_SetContent_SignedData(message, info, signed_data) == SECSuccess,
       "content");
  info = NSS_CMSSignedData_GetContentInfo(signed_data);
  must(NSS_CMSContentInfo_SetContent_Data(message, info, nullptr, PR_TRUE) == SECSuccess,
       "detached");
  NSSCMSSignerInfo* signer = NSS_CMSSignerInfo_Create(message, certificate, SEC_OID_SHA256);
  must(signer != nullptr, "signer");
  must(NSS_CMSSignerInfo_AddSigningTime(signer, PR_Now()) == SECSuccess, "signing time");
  must(NSS_CMSSignerInfo_IncludeCerts(signer, NSSCMSCM_CertChain, certUsageEmailSigner) ==
           SECSuccess,
       "certificates");
  must(NSS_CMSSignedData_AddSignerInfo(signed_data, signer) == SECSuccess, "signer");
  std::vector<unsigned char> digest = sha256(text);
  SECItem item{siBuffer, digest.data(), static_cast<unsigned>(digest.size())};
  must(NSS_CMSSignedData_SetDigestValue(signed_data, SEC_OID_SHA256, &item) == SECSuccess,
       "digest");

  std::string signature;
  NSSCMSEncoderContext* encoder =
      NSS_CMSEncoder_Start(message, append, &signature, nullptr, nullptr, pin_for, &pin, nullptr,
                           nullptr, nullptr, nullptr);
  must(encoder != nullptr, "encoder");
  must(NSS_CMSEncoder_Finish(encoder) == SECSuccess, "signature");
  NSS_CMSMessage_Destroy(message);
  CERT_DestroyCertificate(certificate);
  return signature;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: nss-sign DATABASE PIN-FILE TOKEN:NICKNAME TEXT SIGNATURE\n";
    return 2;
  }
  try {
    must(NSS_Init(argv[1]) == SECSuccess, "database");
    PK11_SetPasswordFunc(pin_for);
    std::string pin = contents_of(argv[2]);
    pin.erase(pin.find_last_not_of('\n') + 1);
    const std::string signature = sign(argv[3], contents_of(argv[4]), pin);
    if (!(std::ofstream(argv[5], std::ios::binary) << signature))
      throw std::runtime_error("cannot write the signature");
    must(NSS_Shutdown() == SECSuccess, "something of NSS is still in use");
  } catch (const std::exception& error) {
    std::cerr << "nss-sign: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
