// What every driver's fuzz target does with a token, chosen by one byte.
#pragma once

#include <functional>

#include "drivers/registry.h"

namespace kilt::test {

/// Calls of the interface of drivers/token.h; each throws only Error. Bits of `what`: 01 a login,
/// 02 nothing is read at first, 04 keys are used, 08 objects are made, changed and deleted, 10 PINs
/// and format, 20 all is read again.
inline void use_token(Token& token, Byte what, std::string_view user_pin = "12345678") {
  const auto pin = [&] { return SecureBytes(to_bytes(user_pin)); };
  const auto attempt = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const CardRemoved&) {
      throw;                  // the input is used up
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a refusal; the next call goes on
    }
  };
  const auto read = [&] {
    attempt([&] { (void)token.identity(); });
    attempt([&] { (void)token.info(); });
    attempt([&] { (void)token.pin_status(PinRole::kUser); });
    attempt([&] {
      const ObjectList list = token.list();
      for (const Key& key : list.keys) attempt([&] { (void)token.read_public_key(key.ref); });
      for (const Certificate& certificate : list.certificates)
        attempt([&] { (void)token.read_certificate(certificate.ref); });
      for (const DataObject& data : list.data) attempt([&] { (void)token.read_data(data.ref); });
    });
  };
  const auto use = [&] {
    attempt([&] {
      const ObjectList list = token.list();
      for (const Key& key : list.keys) {
        for (const SignScheme scheme : token.capabilities().sign)
          attempt([&] {
            (void)token.sign(key, scheme, Hash::kSha256,
                             Bytes(scheme == SignScheme::kRsaRaw ? key.bits / 8 : 32, 1));
          });
        for (const DecryptScheme scheme : token.capabilities().decrypt)
          attempt([&] { (void)token.decrypt(key, scheme, Hash::kSha1, Bytes(key.bits / 8, 1)); });
      }
    });
  };
  const auto write = [&] {
    attempt([&] {
      KeySpec spec;
      spec.bits = 1024;
      (void)token.generate_key(spec);
    });
    attempt([&] { (void)token.write_data({}, Bytes(20, 1)); });
    attempt([&] {
      const ObjectList list = token.list();
      ObjectChange change;
      change.label = "x";
      for (const Key& key : list.keys) attempt([&] { token.change_key(key.ref, change); });
      for (const DataObject& data : list.data) attempt([&] { token.delete_data(data.ref); });
      for (const Certificate& one : list.certificates)
        attempt([&] { token.delete_certificate(one.ref); });
      for (const Key& key : list.keys)
        for (const KeyHalf half : {KeyHalf::kPrivate, KeyHalf::kPublic})
          attempt([&] { token.delete_key(key.ref, half); });
    });
  };
  const auto manage = [&] {
    attempt([&] { token.change_pin(PinRole::kUser, pin(), SecureBytes(Bytes(8, '2'))); });
    attempt([&] { token.login(PinRole::kSo, pin()); });
    attempt([&] { token.init_user_pin(pin()); });
    attempt([&] {
      FormatRequest format;
      format.label = "fuzz";
      format.so_pin = pin();
      format.user_pin = pin();
      token.format(format);
    });
  };
  if ((what & 0x01) != 0) attempt([&] { token.login(PinRole::kUser, pin()); });
  if ((what & 0x02) == 0) read();
  if ((what & 0x04) != 0) use();
  if ((what & 0x08) != 0) write();
  if ((what & 0x10) != 0) manage();
  if ((what & 0x20) != 0) read();
  attempt([&] { (void)token.random(64); });
  attempt([&] { token.logout(); });
}

}  // namespace kilt::test
