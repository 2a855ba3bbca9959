#include "drivers/crypto/pkcs12.h"

#include "drivers/crypto/ber.h"
#include "drivers/crypto/pkcs12_format.h"

namespace kilt::crypto {

using namespace pkcs12;

namespace {

constexpr std::size_t kMaxFile = 4'000'000;
constexpr std::size_t kMaxBags = 1000;
constexpr std::size_t kMaxParts = 64;

unsigned small_number(const tlv::Node& node) {
  BytesView value = node.value;
  while (value.size() > 1 && value.front() == 0) value = value.subspan(1);
  if (value.empty() || value.size() > 4 || (node.value.front() & 0x80) != 0)
    throw NotSupported("the file asks for too many iterations of its key derivation");
  return static_cast<unsigned>(read_be(value));
}

}  // namespace

/// Opens one file.
class Pkcs12Reader {
 public:
  enum class Look {
    kAll,
    kCertificates,  ///< keys are left out
    kOpenParts,     ///< so are parts that are enciphered, and the MAC
  };

  Pkcs12Reader(BytesView file, Password password, Look look = Look::kAll)
      : password_(std::move(password)), look_(look) {
    if (file.size() > kMaxFile) throw NotSupported("the file is too large for a PKCS#12 file");
    whole_ = definite(file);
  }

  Pkcs12 read() {
    tlv::Reader outer(whole_);
    tlv::Reader fields(expect(outer, asn1::kSequence).value);
    static_cast<void>(expect(fields, asn1::kInteger));
    tlv::Reader content(expect(fields, asn1::kSequence).value);
    if (to_hex(expect(content, asn1::kOid).encoded) != kData)
      throw NotSupported("the file is protected by a public key, not by a password");
    const Bytes safe = joined_octets(expect(content, asn1::context(0)).value);
    if (look_ == Look::kOpenParts) {
      read_safe(safe);
    } else if (const auto mac = fields.next()) {
      check_mac(*mac, safe);
      read_safe(safe);
    } else {
      read_without_mac(safe);
    }
    return std::move(file_);
  }
  /// A part stayed closed.
  [[nodiscard]] bool closed() const noexcept { return closed_; }

 private:
  /// Without a MAC nonsense is what a wrong password looks like.
  void read_without_mac(BytesView safe) {
    convention_open_ = password_.empty();
    try {
      read_safe(safe);
    } catch (const MalformedAnswer&) {
      if (deciphered_) throw WrongPassword();
      throw;
    }
    for (const Pkcs12Bag& bag : file_.bags_)
      if (!bag.algorithm.empty() && !bag.secret.empty() &&
          bag.secret.view().front() != asn1::kSequence)
        throw WrongPassword();
  }

  void check_mac(const tlv::Node& mac, BytesView safe) {
    tlv::Reader fields(mac.value);
    tlv::Reader info(expect(fields, asn1::kSequence).value);
    tlv::Reader algorithm(expect(info, asn1::kSequence).value);
    file_.mac_ = hash_named(expect(algorithm, asn1::kOid).encoded);
    if (file_.mac_ == Hash::kNone)
      throw NotSupported("the file's MAC is made in a way not known here");
    const BytesView value = expect(info, asn1::kOctetString).value;
    const BytesView salt = expect(fields, asn1::kOctetString).value;
    const auto iterations = fields.next();
    file_.mac_iterations_ = iterations ? small_number(*iterations) : 1;
    if (file_.mac_iterations_ == 0 || file_.mac_iterations_ > kMaxIterations ||
        salt.size() > kMaxSalt)
      throw NotSupported("the file asks for too many iterations of its key derivation");
    const auto right = [&] {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
      return true;  // what lies behind the MAC is to be reached
#endif
      return equal_constant_time(mac_of(file_.mac_, password_, salt, file_.mac_iterations_, safe),
                                 value);
    };
    if (right()) return;
    if (!password_.empty()) throw WrongPassword();
    password_.use_zero_length();  // the other convention for an empty one
    if (!right()) throw WrongPassword();
  }

  void read_safe(BytesView safe) {
    const Bytes list = definite(safe);
    tlv::Reader outer(list);
    tlv::Reader infos(expect(outer, asn1::kSequence).value);
    while (const auto info = infos.next()) {
      if (file_.parts_.size() >= kMaxParts) throw NotSupported("the file has too many parts");
      read_part(*info);
    }
  }

  void read_part(const tlv::Node& info) {
    tlv::Reader fields(info.value);
    const std::string type = to_hex(expect(fields, asn1::kOid).encoded);
    Pkcs12::Part part;
    SecureBytes contents;
    if (type == kData) {
      contents = SecureBytes(joined_octets(expect(fields, asn1::context(0)).value));
    } else if (type == kEncryptedData && look_ == Look::kOpenParts) {
      closed_ = true;
      part.raw = to_bytes(info.encoded);
    } else if (type == kEncryptedData) {
      tlv::Reader wrapper(expect(fields, asn1::context(0)).value);
      tlv::Reader data(expect(wrapper, asn1::kSequence).value);
      static_cast<void>(expect(data, asn1::kInteger));
      tlv::Reader encrypted(expect(data, asn1::kSequence).value);
      static_cast<void>(expect(encrypted, asn1::kOid));
      part.algorithm = to_bytes(expect(encrypted, asn1::kSequence).encoded);
      const auto cryptogram = encrypted.next();
      if (!cryptogram) throw MalformedAnswer("the PKCS#12 file is damaged");
      contents = open(part.algorithm, joined_octets(cryptogram->encoded));
    } else {
      part.raw = to_bytes(info.encoded);
    }
    const bool understood = part.raw.empty();
    file_.parts_.push_back(std::move(part));
    if (understood) read_bags(contents);
  }

  /// Deciphers. Without a MAC a failure here is what a wrong password looks like.
  SecureBytes open(BytesView algorithm, BytesView cryptogram) {
    try {
      deciphered_ = true;
      return decrypt_with_password(algorithm, password_, cryptogram);
    } catch (const InvalidData&) {
      if (!convention_open_) throw WrongPassword();
      convention_open_ = false;
      password_.use_zero_length();
      return open(algorithm, cryptogram);
    }
  }

  void read_bags(const SecureBytes& contents) {
    const SecureBytes list(definite(contents.view()));
    tlv::Reader outer(list.view());
    tlv::Reader bags(expect(outer, asn1::kSequence).value);
    while (const auto bag = bags.next()) {
      if (file_.bags_.size() >= kMaxBags) throw NotSupported("the file holds too many objects");
      read_bag(*bag);
    }
  }

  void read_bag(const tlv::Node& node) {
    tlv::Reader fields(node.value);
    Pkcs12Bag bag;
    bag.part = file_.parts_.size() - 1;
    bag.oid = to_bytes(expect(fields, asn1::kOid).encoded);
    const BytesView value = expect(fields, asn1::context(0)).value;
    if (const auto attributes = fields.next()) {
      bag.attributes = to_bytes(attributes->value);
      read_attributes(bag.attributes, bag.local_key_id, bag.friendly_name);
    }
    const std::string type = to_hex(bag.oid);
    const bool key = type == kKeyBag || type == kShroudedKeyBag;
    if (key && look_ != Look::kAll) return;
    if (key)
      read_key(bag, value, type == kShroudedKeyBag);
    else if (type == kCertBag)
      read_certificate(bag, value);
    else
      bag.value = to_bytes(value);
    file_.bags_.push_back(std::move(bag));
  }

  void read_key(Pkcs12Bag& bag, BytesView value, bool shrouded) {
    bag.kind = Pkcs12Bag::Kind::kKey;
    if (shrouded) {
      tlv::Reader outer(value);
      tlv::Reader fields(expect(outer, asn1::kSequence).value);
      bag.algorithm = to_bytes(expect(fields, asn1::kSequence).encoded);
      const auto cryptogram = fields.next();
      if (!cryptogram) throw MalformedAnswer("the PKCS#12 file is damaged");
      bag.secret = open(bag.algorithm, joined_octets(cryptogram->encoded));
    } else {
      bag.secret = SecureBytes(value);
    }
    try {
      bag.key = read_private_key(bag.secret.view());
    } catch (const NotSupported& problem) {
      bag.unusable_reason = problem.what();
    } catch (const InvalidData& problem) {
      bag.unusable_reason = problem.what();
    } catch (const MalformedAnswer& problem) {
      bag.unusable_reason = problem.what();
    }
  }

  static void read_certificate(Pkcs12Bag& bag, BytesView value) {
    bag.value = to_bytes(value);
    tlv::Reader outer(value);
    const auto sequence = outer.next();
    if (!sequence || sequence->tag != asn1::kSequence) return;
    tlv::Reader fields(sequence->value);
    const auto type = fields.next();
    const auto wrapper = fields.next();
    if (!type || !wrapper || to_hex(type->encoded) != kX509Certificate) return;
    bag.certificate = joined_octets(wrapper->value);
    bag.kind = Pkcs12Bag::Kind::kCertificate;
  }

  Password password_;
  Look look_;
  bool closed_ = false;
  Bytes whole_;
  Pkcs12 file_;
  bool deciphered_ = false;
  bool convention_open_ = false;  ///< an empty password, and no MAC that tells which convention
};

bool Pkcs12::looks_like(BytesView file) {
  // SEQUENCE { INTEGER 3, ...: the version is 3 for ever.
  if (file.size() < 16 || file.size() > kMaxFile || file[0] != 0x30) return false;
  const std::size_t header = file[1] < 0x80 || file[1] == 0x80 ? 2U : 2U + (file[1] & 0x7FU);
  if (header > 6) return false;
  return file[header] == 0x02 && file[header + 1] == 0x01 && file[header + 2] == 0x03;
}

Pkcs12 Pkcs12::open(BytesView file, Password password) {
  return Pkcs12Reader(file, std::move(password)).read();
}

Pkcs12::Certificates Pkcs12::certificates(BytesView file, const Password* password) {
  using Look = Pkcs12Reader::Look;
  Pkcs12Reader reader(
      file, password == nullptr ? Password(BytesView{}) : Password(password->utf8().view()),
      password == nullptr ? Look::kOpenParts : Look::kCertificates);
  const Pkcs12 opened = reader.read();
  Certificates certificates;
  certificates.closed = reader.closed();
  for (const Pkcs12Bag& bag : opened.bags_)
    if (bag.kind == Pkcs12Bag::Kind::kCertificate) certificates.found.push_back(bag.certificate);
  return certificates;
}

std::string Pkcs12::encryption() const {
  for (const Pkcs12Bag& bag : bags_)
    if (bag.kind == Pkcs12Bag::Kind::kKey && !bag.algorithm.empty())
      return encryption_name(bag.algorithm).value_or("");
  return {};
}

}  // namespace kilt::crypto
