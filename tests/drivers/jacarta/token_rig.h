// The driver on the virtual JaCarta, in either personality.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/delete_pair.h"
#include "tests/support/driver_rig.h"

namespace kilt::jacarta::test {

using kilt::test::delete_pair;
using kilt::test::pin;

inline const std::string kUserPin = "135790", kSoPin = "24681357";

struct Rig : kilt::test::DriverRig {
  explicit Rig(const std::string& personality = "aladdin",
               const std::vector<std::pair<std::string, std::string>>& switches = {})
      : DriverRig("jacarta") {
    set("personality", personality);
    set("user-pin", kUserPin);
    set("so-pin", kSoPin);
    for (const auto& [name, value] : switches) set(name, value);
    open();
  }
  void set(const std::string& name, const std::string& value) {
    virtual_card->card().set(name, value);
  }
  void log_in() { token->login(PinRole::kUser, pin(kUserPin)); }
  /// As another program that starts now; the card has been reset.
  Token& restart() {
    virtual_card->reset();
    return open();
  }
  [[nodiscard]] std::size_t count() const { return counter->count(); }
  void restart_count() { counter->restart_count(); }
  /// Raw command of "another program".
  Bytes transmit(const std::string& hex) { return virtual_card->transmit(from_hex(hex)); }

  ObjectRef generate(unsigned bits = 1024, const std::string& label = "key", Bytes id = {0x01}) {
    KeySpec spec;
    spec.bits = bits;
    spec.label = label;
    spec.id = std::move(id);
    spec.usage.sign = spec.usage.decrypt = spec.usage.unwrap = true;
    return token->generate_key(spec);
  }
  [[nodiscard]] Key key(const ObjectRef& ref) {
    for (const Key& candidate : token->list().keys)
      if (candidate.ref == ref) return candidate;
    ADD_FAILURE() << "the key is not listed";
    return {};
  }
};

class BothPersonalities : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { rig_ = std::make_unique<Rig>(GetParam()); }
  [[nodiscard]] Token& token() { return *rig_->token; }

  std::unique_ptr<Rig> rig_;
};

/// A command's answer is 9000.
inline ::testing::AssertionResult ok(const Bytes& answer) {
  if (answer.size() >= 2 && answer[answer.size() - 2] == 0x90) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << to_hex(answer);
}

}  // namespace kilt::jacarta::test
