#include "drivers/jacarta/templates.h"

#include "drivers/crypto/x509.h"
#include "drivers/errors.h"
#include "drivers/jacarta/layout.h"
#include "drivers/jacarta/object_id.h"
#include "drivers/jacarta/objects.h"

namespace kilt::jacarta {
namespace {

using namespace attribute;

// Flags: what C_SetAttributeValue may do.
constexpr Byte kFixed = 0x00, kFree = 0x10, kToTrue = 0x30, kToFalse = 0x50, kTrustedFlag = 0x32;
constexpr std::uint32_t kNotKnown = 0xFFFFFFFF;  // as PKCS#11 says "unavailable"
constexpr std::uint32_t kRsa = 0, kX509 = 0;
constexpr std::size_t kDateSize = 8;

AttributeFile start(FileId id, ObjectClass object_class, bool is_private, bool with_hash) {
  AttributeFile file;
  file.id = id;
  if (with_hash) file.add(kHash, kFree, Bytes(AttributeFile::kHashSize, 0x00));
  file.add_number(kClass, kFixed, static_cast<std::uint32_t>(object_class));
  file.add_flag(kToken, kFixed, true);
  file.add_flag(kPrivate, kFixed, is_private);
  return file;
}

void finish(AttributeFile& file, bool vendor_flag) {
  file.add_flag(kModifiable, kFixed, true);
  file.add_flag(kVendorFlag, kFixed, vendor_flag);
}

}  // namespace

Bytes default_subject() {
  Bytes subject{0x30, 0x0A};
  append(subject, to_bytes("JACARTAPKI"));
  return subject;
}

AttributeFile private_key_file(FileId id, const KeyNames& names) {
  AttributeFile file = start(id, ObjectClass::kPrivateKey, true, false);
  file.add(kLabel, kFree, to_bytes(names.label));
  file.add_number(kKeyType, kFixed, kRsa);
  file.add(kSubject, kFree, names.subject.empty() ? default_subject() : names.subject);
  file.add(kId, kFree, names.id);
  file.add_flag(kSensitive, kToTrue, true);
  file.add_flag(kDecrypt, kFixed, names.usage.decrypt);
  file.add_flag(kUnwrap, kFixed, names.usage.unwrap);
  file.add_flag(kSign, kFixed, names.usage.sign);
  file.add_flag(kSignRecover, kFixed, names.usage.sign);
  file.add_flag(kDerive, kFree, false);
  file.add(kStartDate, kFree, {});
  file.add(kEndDate, kFree, {});
  file.add_flag(kExtractable, kToFalse, false);
  file.add_flag(kLocal, kFixed, names.local);
  // Aladdin's software claims neither of these two, nor the mechanism, even for its own keys.
  file.add_flag(kNeverExtractable, kFixed, false);
  file.add_flag(kAlwaysSensitive, kFixed, false);
  file.add_number(kKeyGenMechanism, kFixed, kNotKnown);
  file.add_flag(kModifiable, kFixed, false);
  file.add_flag(kVendorFlag, kFixed, false);
  return file;
}

AttributeFile public_key_file(FileId id, const KeyNames& names, const RsaPublicKey& key) {
  AttributeFile file = start(id, ObjectClass::kPublicKey, false, false);
  file.add(kLabel, kFree, to_bytes(names.label));
  file.add_flag(kTrusted, kTrustedFlag, false);
  file.add_number(kKeyType, kFixed, kRsa);
  file.add(kSubject, kFree, {});
  file.add(kId, kFree, names.id);
  file.add_flag(kEncrypt, kFixed, names.usage.decrypt);
  file.add_flag(kWrap, kFixed, false);
  file.add_flag(kVerify, kFixed, names.usage.sign);
  file.add_flag(kVerifyRecover, kFixed, names.usage.sign);
  file.add_flag(kDerive, kFree, false);
  file.add(kStartDate, kFree, Bytes(kDateSize, 0x00));
  file.add(kEndDate, kFree, Bytes(kDateSize, 0x00));
  file.add(kModulus, kFixed, key.modulus);
  file.add_number(kModulusBits, kFixed, modulus_bits(key.modulus));
  file.add(kPublicExponent, kFixed, key.exponent);
  file.add_flag(kLocal, kFixed, false);
  finish(file, true);
  return file;
}

AttributeFile certificate_file(FileId id, const Certificate& certificate, BytesView der) {
  const auto fields = x509::fields(der);
  if (!fields) throw InvalidData("this is no X.509 certificate");
  AttributeFile file = start(id, ObjectClass::kCertificate, certificate.is_private, true);
  file.add(kLabel, kFree, to_bytes(certificate.label));
  file.add(kValue, kFixed, to_bytes(der));
  file.add_number(kCertificateType, kFixed, kX509);
  file.add(kIssuer, kFree, fields->issuer);
  file.add(kSerialNumber, kFree, fields->serial);
  file.add_flag(kTrusted, kToFalse, false);
  file.add(kSubject, kFixed, fields->subject);
  file.add(kId, kFree, certificate.id);
  finish(file, true);
  return file;
}

AttributeFile data_file(FileId id, const DataObject& object, BytesView value) {
  AttributeFile file = start(id, ObjectClass::kData, object.is_private, true);
  file.add(kLabel, kFree, to_bytes(object.label));
  file.add(kApplication, kFree, to_bytes(object.application));
  file.add(kValue, kFree, to_bytes(value));
  file.add(kObjectId, kFree, write_object_id(object.oid));
  finish(file, false);
  return file;
}

AttributeFile container_map_file(const ContainerMap& map) {
  DataObject object;
  object.label = "cmapfile";
  object.application = "CSP";
  return data_file(kContainerMapFile, object, map.encode());
}

std::vector<AccessRule> object_rules() { return {{0x0000}, {0x0020}, {0x00FF}, {0x0020}}; }
std::vector<AccessRule> public_data_rules() { return {{0x0000}, {0x0000}, {0x00FF}, {0x0000}}; }
std::vector<AccessRule> private_value_rules() { return {{0x0020}, {0x0020}, {0x0020}, {0x0020}}; }
std::vector<AccessRule> container_map_rules() { return {{0x0000}, {0x0030}, {0x0030}, {0x0030}}; }

}  // namespace kilt::jacarta
