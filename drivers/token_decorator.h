// A token that passes everything on to another one: the base of those that change a few things.
// tests/layers compares it with Token, whose defaults would else answer for what was forgotten
// here.
#pragma once

#include "drivers/token.h"

namespace kilt {

class TokenDecorator : public Token {
 public:
  void reset_state() noexcept override { inner_->reset_state(); }
  Bytes identity() override { return inner_->identity(); }
  [[nodiscard]] std::string profile_name() const override { return inner_->profile_name(); }
  TokenInfo info() override { return inner_->info(); }
  const Capabilities& capabilities() override { return inner_->capabilities(); }
  PinStatus pin_status(PinRole role) override { return inner_->pin_status(role); }
  void forget_pin_status() noexcept override { inner_->forget_pin_status(); }

  void login(PinRole role, const PinInput& pin) override { inner_->login(role, pin); }
  void logout() override { inner_->logout(); }

  const ObjectList& list() override { return inner_->list(); }
  const ObjectList* remembered_list() override { return inner_->remembered_list(); }
  PublicKey read_public_key(const ObjectRef& key) override { return inner_->read_public_key(key); }
  Bytes read_certificate(const ObjectRef& ref) override { return inner_->read_certificate(ref); }
  Bytes read_data(const ObjectRef& ref) override { return inner_->read_data(ref); }

  Bytes sign(const Key& key, SignScheme scheme, Hash hash, BytesView input) override {
    return inner_->sign(key, scheme, hash, input);
  }
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash hash,
                      BytesView cryptogram) override {
    return inner_->decrypt(key, scheme, hash, cryptogram);
  }
  SecureBytes derive(const Key& key, BytesView point) override {
    return inner_->derive(key, point);
  }
  Bytes random(std::size_t size) override { return inner_->random(size); }

  ObjectRef generate_key(const KeySpec& spec) override { return inner_->generate_key(spec); }
  ObjectRef import_key(const KeySpec& spec, const PrivateKey& key) override {
    return inner_->import_key(spec, key);
  }
  ObjectRef write_certificate(const Certificate& certificate, BytesView der) override {
    return inner_->write_certificate(certificate, der);
  }
  ObjectRef write_data(const DataObject& object, BytesView value) override {
    return inner_->write_data(object, value);
  }
  void change_key(const ObjectRef& ref, const ObjectChange& change) override {
    inner_->change_key(ref, change);
  }
  void change_certificate(const ObjectRef& ref, const ObjectChange& change) override {
    inner_->change_certificate(ref, change);
  }
  void change_data(const ObjectRef& ref, const ObjectChange& change) override {
    inner_->change_data(ref, change);
  }
  void delete_key(const ObjectRef& ref, KeyHalf half) override { inner_->delete_key(ref, half); }
  void delete_certificate(const ObjectRef& ref) override { inner_->delete_certificate(ref); }
  void delete_data(const ObjectRef& ref) override { inner_->delete_data(ref); }

  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) override {
    inner_->change_pin(role, old_pin, new_pin);
  }
  void init_user_pin(const SecureBytes& new_pin) override { inner_->init_user_pin(new_pin); }
  void format(const FormatRequest& request) override { inner_->format(request); }

 protected:
  /// `inner` outlives this.
  explicit TokenDecorator(Token& inner) : inner_(&inner) {}
  [[nodiscard]] Token& inner() const noexcept { return *inner_; }

 private:
  Token* inner_;
};

}  // namespace kilt
