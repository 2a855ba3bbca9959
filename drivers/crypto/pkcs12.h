// PKCS#12 files (RFC 7292), as the CA's software, Java, OpenSSL and browsers write them: opened,
// changed and written again with everything in them that is not understood left as it was.
//
// Read by own code: the private keys never lie in memory that nobody wipes, and GOST keys, RC2
// without OpenSSL's legacy provider and both conventions for an empty password come for nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "drivers/crypto/errors.h"
#include "drivers/crypto/pbe.h"
#include "drivers/crypto/private_key.h"

namespace kilt::crypto {

/// The file does not open with this password (or was damaged since its MAC was made).
class WrongPassword : public Error {
 public:
  WrongPassword() : Error("the file does not open with this password, or is damaged") {}
};

/// One SafeBag.
struct Pkcs12Bag {
  enum class Kind { kKey, kCertificate, kOther };
  Kind kind = Kind::kOther;
  Bytes oid;           ///< DER of bagId
  Bytes value;         ///< DER of bagValue's contents; not for keys
  Bytes attributes;    ///< DER of the attributes, one after the other
  SecureBytes secret;  ///< kKey: PrivateKeyInfo
  Bytes algorithm;     ///< kKey: how it is enciphered; empty: a plain keyBag

  // What is understood of it.
  Bytes certificate;             ///< kCertificate: DER of the X.509 certificate
  std::shared_ptr<HostKey> key;  ///< kKey, if it can be used
  std::string unusable_reason;   ///< kKey: why not
  Bytes local_key_id;
  std::string friendly_name;
  /// Which of the file's parts it stands in; kNewPart: keys and certificates each have their place.
  std::size_t part = kNewPart;
  static constexpr std::size_t kNewPart = ~std::size_t{0};

  /// Sets localKeyID and friendlyName; other attributes stay.
  void set_names(const Bytes& id, const std::string& name);
};

/// A file, opened.
class Pkcs12 {
 public:
  /// The bytes may be a PKCS#12 file; without a password.
  [[nodiscard]] static bool looks_like(BytesView file);
  /// Throws WrongPassword, MalformedAnswer, NotSupported (too many iterations, unknown algorithms).
  [[nodiscard]] static Pkcs12 open(BytesView file, Password password);
  /// What of a file's certificates can be seen.
  struct Certificates {
    std::vector<Bytes> found;  ///< DER of X.509
    bool closed = false;       ///< parts of the file stayed closed: there may be more
  };
  /// The certificates alone; keys stay enciphered. Without a password those in parts that are not
  /// enciphered, and nothing proves that nobody changed them. Throws as open().
  [[nodiscard]] static Certificates certificates(BytesView file, const Password* password);
  /// An empty one.
  Pkcs12() = default;

  [[nodiscard]] std::vector<Pkcs12Bag>& bags() noexcept { return bags_; }
  [[nodiscard]] const std::vector<Pkcs12Bag>& bags() const noexcept { return bags_; }
  /// Adds a key as the CA's software keeps it: localKeyID is the id, friendlyName the name.
  void add_key(std::shared_ptr<HostKey> key, const Bytes& id, const std::string& name);
  void add_certificate(BytesView der, const Bytes& id, const std::string& name);

  /// How keys are enciphered, for people; empty if there is none.
  [[nodiscard]] std::string encryption() const;
  /// The whole file under this password: by the algorithms it had (3DES in a new one), with fresh
  /// salts; or all by `encryption`.
  [[nodiscard]] Bytes write(const Password& password,
                            std::optional<Encryption> encryption = std::nullopt) const;

 private:
  friend class Pkcs12Reader;
  /// One ContentInfo.
  struct Part {
    Bytes algorithm;  ///< how its contents are enciphered; empty: not
    Bytes raw;        ///< another type of contents, kept as it is
  };
  [[nodiscard]] Bytes write_part(const Part& part, const std::vector<const Pkcs12Bag*>& bags,
                                 const Password& password,
                                 std::optional<Encryption> encryption) const;

  std::vector<Pkcs12Bag> bags_;
  std::vector<Part> parts_;
  Hash mac_ = Hash::kSha1;
  unsigned mac_iterations_ = 0;  ///< 0: a new file's
};

}  // namespace kilt::crypto
