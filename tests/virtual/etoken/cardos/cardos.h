// The virtual eToken PRO 64K: CardOS 4.2B as publicly known from OpenSC's driver and profile, and
// with layout=native the files and keys of its vendor's software as a public boot driver uses them
// (see tests/data/etoken).
#pragma once

#include <set>

#include "tests/virtual/etoken/cardos/tree.h"
#include "tests/virtual/etoken/switches.h"

namespace kilt::vtoken::etoken::cardos {

class CardOs : public Card {
 public:
  CardOs();
  [[nodiscard]] Bytes atr() const override;
  void reset() override;
  [[nodiscard]] Bytes transmit(const Bytes& command) override;
  [[nodiscard]] nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;
  void set(const std::string& key, const std::string& value) override;
  [[nodiscard]] std::vector<std::string> switches() const override;

 private:
  Answer dispatch(const Apdu& apdu);
  Answer dispatch_proprietary(const Apdu& apdu);
  Answer keep_part(const Apdu& apdu);

  // Files
  Answer select(const Apdu& apdu);
  Answer enter(File* file, const Apdu& apdu);
  Answer create_file(const Apdu& apdu);
  Answer delete_file(const Apdu& apdu);
  Answer read_binary(const Apdu& apdu);
  Answer read_record(const Apdu& apdu);
  Answer update_binary(const Apdu& apdu);
  Answer directory(const Apdu& apdu) const;
  [[nodiscard]] File* by_name(File* from, const Bytes& name) const;
  [[nodiscard]] std::size_t memory_left() const;

  // PINs
  Answer verify(const Apdu& apdu);
  Answer change_pin(const Apdu& apdu);
  Answer unblock_pin(const Apdu& apdu);
  Answer external_authenticate(const Apdu& apdu);
  Answer compare(TestObject& test, bool equal);
  Answer replace_pin(TestObject& test, const Bytes& value);
  [[nodiscard]] TestObject* find_test(std::uint8_t reference);
  /// The condition is fulfilled, seen from this DF: 00, or an id of a test passed.
  [[nodiscard]] bool fulfilled(std::uint8_t condition, const File* from) const;
  [[nodiscard]] bool allowed(const File& file, std::size_t right) const;

  // Objects
  Answer put_data(const Apdu& apdu);
  Answer put_object(const Bytes& data);
  Answer put_test(std::uint8_t id, const Bytes& options, const Bytes& conditions,
                  const Bytes& value);
  Answer put_component(std::uint8_t object_class, std::uint8_t id, const Bytes& options,
                       const Bytes& conditions, const Bytes& value);
  Answer put_environment(const Bytes& data);
  Answer generate(const Apdu& apdu);
  [[nodiscard]] bool may_put(bool exists, std::uint8_t change) const;

  // Keys
  Answer manage_security_environment(const Apdu& apdu);
  Answer perform_security_operation(const Apdu& apdu);
  [[nodiscard]] KeyObject* find_key(std::uint8_t id, const File** where);
  [[nodiscard]] bool has_environment(std::uint8_t number) const;

  // The rest
  Answer get_data(const Apdu& apdu) const;
  Answer get_challenge(const Apdu& apdu);
  void make_master();
  void make_native();
  void set_native_pin(std::uint8_t reference, const std::string& pin);
  /// Something persistent is about to change: the power may fail just before it.
  void about_to_write();
  [[nodiscard]] bool is(const char* name, const char* value) const {
    return switches_.is(name, value);
  }

  Switches switches_;
  std::unique_ptr<File> master_;
  std::uint8_t phase_ = 0x10;
  Bytes serial_;

  // Volatile
  File* directory_ = nullptr;
  File* selected_ = nullptr;  ///< EF
  std::set<const TestObject*> passed_;
  std::map<std::uint8_t, std::uint8_t> environment_;  ///< template tag -> key id
  Bytes challenge_, chain_;
  unsigned long power_countdown_ = 0;
};

}  // namespace kilt::vtoken::etoken::cardos
