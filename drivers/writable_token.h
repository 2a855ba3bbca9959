// A token that its driver writes: every change goes through a Writer that lives for one operation.
#pragma once

#include <variant>

#include "drivers/errors.h"
#include "drivers/token.h"

namespace kilt {

/// The writing half of a driver. Driver has `write(work)`: it brings what was listed up to date,
/// calls `work(writer)`, which answers with the object's name, and forgets the list. Its writer has
/// methods of the same names as Token's; what they throw is said there.
template <typename Driver>
class WritableToken : public Token {
 public:
  ObjectRef generate_key(const KeySpec& spec) override {
    return driver().write([&](auto& writer) { return writer.generate_key(spec); });
  }
  ObjectRef import_key(const KeySpec& spec, const PrivateKey& key) override {
    const auto* rsa = std::get_if<RsaPrivateKey>(&key);
    if (rsa == nullptr) throw NotSupported("only RSA keys are imported");
    return driver().write([&](auto& writer) { return writer.import_key(spec, *rsa); });
  }
  ObjectRef write_certificate(const Certificate& certificate, BytesView der) override {
    return driver().write([&](auto& writer) { return writer.write_certificate(certificate, der); });
  }
  ObjectRef write_data(const DataObject& object, BytesView value) override {
    return driver().write([&](auto& writer) { return writer.write_data(object, value); });
  }
  // `ref` may be part of the list, which writing reads anew: hence the copies.
  void change_key(const ObjectRef& ref, const ObjectChange& change) override {
    driver().write(
        [ref = ref, &change](auto& writer) { return writer.change_key(ref, change), ref; });
  }
  void change_certificate(const ObjectRef& ref, const ObjectChange& change) override {
    driver().write(
        [ref = ref, &change](auto& writer) { return writer.change_certificate(ref, change), ref; });
  }
  void change_data(const ObjectRef& ref, const ObjectChange& change) override {
    driver().write(
        [ref = ref, &change](auto& writer) { return writer.change_data(ref, change), ref; });
  }
  void delete_key(const ObjectRef& ref, KeyHalf half) override {
    driver().write([ref = ref, half](auto& writer) { return writer.delete_key(ref, half), ref; });
  }
  void delete_certificate(const ObjectRef& ref) override {
    driver().write([ref = ref](auto& writer) { return writer.delete_certificate(ref), ref; });
  }
  void delete_data(const ObjectRef& ref) override {
    driver().write([ref = ref](auto& writer) { return writer.delete_data(ref), ref; });
  }

 private:
  Driver& driver() noexcept { return static_cast<Driver&>(*this); }
};

}  // namespace kilt
