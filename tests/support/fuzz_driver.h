// What every driver's fuzz target does: the first block is the ATR, the second byte chooses what
// programs do, the rest are the card's answers.
#pragma once

#include <functional>

#include "drivers/registry.h"
#include "tests/support/fuzz_card.h"

namespace kilt::test {

/// Calls of the interface of drivers/token.h; each throws only Error.
inline void use_token(Token& token, Byte what) {
  const auto pin = [] { return SecureBytes(Bytes{'1', '2', '3', '4', '5', '6', '7', '8'}); };
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
      for (const Key& key : list.keys) attempt([&] { token.delete_key(key.ref); });
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

/// One run. `atr` replaces the input's where the target wants one driver only.
inline void fuzz_driver(BytesView bytes, const Bytes& default_atr) {
  static const ProfileSet profiles = ProfileSet::builtin();
  FuzzInput input(bytes);
  const Bytes given = to_bytes(input.block());
  const Byte what = input.byte();
  const bool known = profiles.match(given) != nullptr;
  try {
    apdu::Card card(std::make_unique<FuzzConnection>(input, known ? given : default_atr));
    const auto token = open_token(card, profiles);
    use_token(*token, what);
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the only kind that may come out
  }
}

}  // namespace kilt::test
