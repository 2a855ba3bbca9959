#include "drivers/jacarta/objects.h"

#include <algorithm>
#include <bit>
#include <vector>

#include <fmt/format.h>

#include "drivers/crypto/hash.h"
#include "drivers/crypto/public_key.h"
#include "drivers/jacarta/object_id.h"
#include "drivers/jacarta/templates.h"

namespace kilt::jacarta {
namespace {

constexpr std::uint32_t kRsaKeyType = 0;

using Files = std::vector<std::pair<const FilePath*, const AttributeFile*>>;

Bytes without_leading_zeros(BytesView number) {
  while (!number.empty() && number.front() == 0) number = number.subspan(1);
  return to_bytes(number);
}

std::string place(const FilePath& path) {
  return fmt::format("{:04X}/{:04X}", path[path.size() - 2], path.back());
}

/// Aladdin's software writes "not modifiable" into private keys that it changes all the same;
/// the label's own flags are surer.
bool names_change(const AttributeFile& object) {
  constexpr Byte kFree = 0x10;
  const Attribute* label = object.find(attribute::kLabel);
  return object.flag(attribute::kModifiable) || label == nullptr || (label->flags & kFree) != 0;
}

KeyUsage private_usage(const AttributeFile& object) {
  KeyUsage usage;
  usage.sign = object.flag(attribute::kSign);
  usage.decrypt = object.flag(attribute::kDecrypt);
  usage.unwrap = object.flag(attribute::kUnwrap);
  usage.derive = object.flag(attribute::kDerive);
  return usage;
}

KeyUsage public_usage(const AttributeFile& object) {
  KeyUsage usage;
  usage.sign = object.flag(attribute::kVerify);
  usage.decrypt = object.flag(attribute::kEncrypt);
  usage.unwrap = object.flag(attribute::kWrap);
  return usage;
}

class Interpreter {
 public:
  Interpreter(const FileCache& file_cache, const PublicKeySource& ask) : ask_(&ask) {
    map_ = file_cache.container_map();
    for (const std::string& fault : file_cache.faults())
      objects_.list.odd.push_back({fmt::format("a directory that cannot be read: {}", fault)});
    for (const auto& [path, file] : file_cache.stored()) sort(path, file);
    for (const auto& half : private_) add_pair(half);
    for (const auto& half : public_) add_public(half);
  }
  TokenObjects result() { return std::move(objects_); }

 private:
  void odd(const FilePath& path, const std::string& what) {
    objects_.list.odd.push_back({fmt::format("file {}: {}", place(path), what)});
  }

  void sort(const FilePath& path, const StoredFile& file) {
    switch (file.state) {
      case StoredFile::State::kLocked:
        if (file.refused) odd(path, "cannot be read, not even after a login");
        return;
      case StoredFile::State::kDamaged:
        return odd(path, "damaged, " + file.fault);
      case StoredFile::State::kUnfinished:
        return odd(path, "an object whose making or deleting was interrupted");
      case StoredFile::State::kGood:
        break;
    }
    const AttributeFile& object = file.object;
    switch (file_kind(path.back())) {
      case FileKind::kPublicKey:
      case FileKind::kPrivateKey:
        if (object.number(attribute::kKeyType).value_or(kRsaKeyType) != kRsaKeyType)
          return odd(path, "a key of a kind whose use on this token is not public");
        (file_kind(path.back()) == FileKind::kPublicKey ? public_ : private_)
            .emplace_back(&path, &object);
        return;
      case FileKind::kSecretKey:
        return odd(path, "a secret key, which Kilt does not use");
      case FileKind::kCertificate:
        return add_certificate(path, object);
      case FileKind::kData:
        return add_data(path, object);
      case FileKind::kContainerMap:
      case FileKind::kOther:
        return;
    }
  }

  void add_certificate(const FilePath& path, const AttributeFile& object) {
    Certificate certificate;
    certificate.ref = make_ref(path, object);
    certificate.id = object.value(attribute::kId);
    certificate.label = object.text(attribute::kLabel);
    certificate.der = object.value(attribute::kValue);
    if (certificate.der->empty()) return odd(path, "a certificate object without a value");
    certificate.is_private = object.flag(attribute::kPrivate);
    certificate.modifiable = names_change(object);
    objects_.certificates.emplace(certificate.ref, path);
    objects_.list.certificates.push_back(std::move(certificate));
  }

  void add_data(const FilePath& path, const AttributeFile& object) {
    DataObject data;
    data.ref = make_ref(path, object);
    data.label = object.text(attribute::kLabel);
    data.application = object.text(attribute::kApplication);
    data.oid = read_object_id(object.value(attribute::kObjectId));
    data.is_private = object.flag(attribute::kPrivate);
    data.modifiable = names_change(object);
    objects_.data.emplace(data.ref, path);
    objects_.list.data.push_back(std::move(data));
  }

  /// The public file that belongs to a private one: by id, if that is clear; else the token says
  /// which key it is.
  Files::iterator partner(const Files::value_type& half, PublicKey& known) {
    const Bytes id = half.second->value(attribute::kId);
    const auto has_id = [&](const auto& other) {
      return other.second->value(attribute::kId) == id;
    };
    const auto candidates = std::ranges::count_if(public_, has_id);
    const auto rivals = std::ranges::count_if(private_, has_id);
    if (candidates == 1 && rivals == 1) return std::ranges::find_if(public_, has_id);
    if (candidates == 0) return public_.end();
    known = (*ask_)(KeyFiles{*half.first, {}}.private_key());
    return std::ranges::find_if(public_, [&](const auto& other) {
      return has_id(other) && same_key(public_key_of(*other.second), known);
    });
  }

  void add_pair(const Files::value_type& half) {
    const AttributeFile& object = *half.second;
    KeyFiles key_files{*half.first, {}};
    Key key;
    key.ref = make_ref(*half.first, object);
    key.id = object.value(attribute::kId);
    key.label = object.text(attribute::kLabel);
    key.usage = private_usage(object);
    key.local = object.flag(attribute::kLocal);
    // A token has no command that gives a private key away.
    const bool kept = key.local && !object.flag(attribute::kExtractable);
    key.never_extractable = kept || object.flag(attribute::kNeverExtractable);
    key.always_sensitive = kept || object.flag(attribute::kAlwaysSensitive);
    key.always_authenticate = object.flag(attribute::kAlwaysAuthenticate);
    key.modifiable = names_change(object);
    key.subject = object.value(attribute::kSubject);
    if (key.subject == default_subject()) key.subject.clear();
    const auto other = partner(half, key.public_key);
    key.has_public = other != public_.end();
    if (key.has_public) {
      key_files.public_file = *other->first;
      key.public_key = public_key_of(*other->second);
      public_.erase(other);
    }
    measure(key, key_files);
    objects_.keys.emplace(key.ref, key_files);
    objects_.list.keys.push_back(std::move(key));
  }

  void measure(Key& key, const KeyFiles& key_files) {
    if (std::holds_alternative<std::monostate>(key.public_key))
      key.public_key = (*ask_)(key_files.private_key());
    if (const auto* rsa = std::get_if<RsaPublicKey>(&key.public_key))
      key.bits = modulus_bits(rsa->modulus);
    else if (map_ && has_container(key_files.private_file->back()))
      key.bits = map_->bits(key_files.private_file->back() & 0xFFU);
  }

  void add_public(const Files::value_type& half) {
    const AttributeFile& object = *half.second;
    Key key;
    key.ref = make_ref(*half.first, object);
    key.id = object.value(attribute::kId);
    key.label = object.text(attribute::kLabel);
    key.usage = public_usage(object);
    key.public_key = public_key_of(object);
    key.has_private = false;
    key.local = object.flag(attribute::kLocal);
    key.modifiable = names_change(object);
    if (const auto* rsa = std::get_if<RsaPublicKey>(&key.public_key))
      key.bits = modulus_bits(rsa->modulus);
    objects_.keys.emplace(key.ref, KeyFiles{{}, *half.first});
    objects_.list.keys.push_back(std::move(key));
  }

  const PublicKeySource* ask_;
  std::optional<ContainerMap> map_;
  Files private_, public_;
  TokenObjects objects_;
};

FilePath beside(const FilePath& file) {
  FilePath path = file;
  path.back() = key_object_of(file.back());
  return path;
}

}  // namespace

ObjectRef make_ref(const FilePath& path, const AttributeFile& object) {
  ObjectRef ref;
  for (const FileId id : path) append(ref, write_be(id, 2));
  append(ref, object.stamp);
  // Stamps start anew when the token is formatted.
  constexpr std::size_t kMark = 8;
  for (const std::uint16_t type : {attribute::kValue, attribute::kModulus})
    if (const Bytes value = object.value(type); !value.empty())
      append(ref, BytesView(crypto::sha1(value)).first(kMark));
  return ref;
}

FilePath KeyFiles::private_key() const { return beside(private_file.value()); }
FilePath KeyFiles::public_key() const { return beside(public_file.value()); }

unsigned modulus_bits(BytesView modulus) {
  if (modulus.empty()) return 0;
  return static_cast<unsigned>(modulus.size() * 8 - 8) +
         static_cast<unsigned>(std::bit_width(modulus[0]));
}

PublicKey public_key_of(const AttributeFile& object) {
  RsaPublicKey key{without_leading_zeros(object.value(attribute::kModulus)),
                   without_leading_zeros(object.value(attribute::kPublicExponent))};
  if (key.modulus.empty() || key.exponent.empty()) return std::monostate{};
  return key;
}

TokenObjects list_objects(const FileCache& file_cache, const PublicKeySource& ask) {
  return Interpreter(file_cache, ask).result();
}

}  // namespace kilt::jacarta
