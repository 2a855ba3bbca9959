// A virtual Kaztoken: the command set of the Rutoken ECP family as publicly known (OpenSC's
// rutoken_ecp driver and profile, vendor samples, hardware notes; see tests/data/kaztoken). Where
// the sources leave a point open, a switch offers each reading.
#pragma once

#include <map>

#include "tests/virtual/kaztoken/tree.h"

namespace kilt::vtoken::kaztoken {

/// A parsed command.
struct Apdu {
  std::uint8_t cla = 0, ins = 0, p1 = 0, p2 = 0;
  Bytes data;
  bool has_le = false;
  std::size_t le = 0;  ///< 256 for a byte of 00

  [[nodiscard]] unsigned p1p2() const { return (static_cast<unsigned>(p1) << 8) | p2; }
};

/// An answer: data and status word.
struct Answer {
  Bytes data;
  unsigned sw = 0x9000;
};

class Kaztoken : public Card {
 public:
  Kaztoken();
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
  Bytes finish(const Apdu& apdu, Answer answer);

  // Files
  Answer select(const Apdu& apdu);
  Answer select_entry(const Apdu& apdu);
  Answer enter(File* file, std::uint8_t p2);
  Answer create_file(const Apdu& apdu);
  Answer place(std::unique_ptr<File> file);
  Answer delete_file(const Apdu& apdu);
  Answer read_binary(const Apdu& apdu);
  Answer update_binary(const Apdu& apdu);
  [[nodiscard]] Bytes control_information(const File& file, std::uint8_t tag) const;
  [[nodiscard]] std::size_t memory_left() const;

  // PINs
  Answer verify(const Apdu& apdu);
  Answer logout(const Apdu& apdu);
  Answer reset_retry_counter(const Apdu& apdu);
  Answer set_pin(std::uint8_t reference, const Bytes& value);
  [[nodiscard]] File* pin(std::uint8_t reference) const;

  // Keys
  Answer change_reference_data(const Apdu& apdu);
  Answer load_object(const Bytes& value);
  Answer generate(const Apdu& apdu);
  Answer manage_security_environment(const Apdu& apdu);
  Answer perform_security_operation(const Apdu& apdu);
  Answer use_key(std::uint8_t template_tag, const Bytes& data);
  [[nodiscard]] File* key(bool private_half, std::uint8_t number) const;

  // Life cycle and the rest
  Answer get_data(const Apdu& apdu);
  Answer get_challenge(const Apdu& apdu);
  void erase();
  File* add_folder(const std::vector<std::uint16_t>& path);
  File* add_file(File* parent, std::uint16_t id, Type type, const Bytes& body, const Bytes& access);
  void make_system_folders();
  void vendor_format();
  void add_vendor_key(std::uint16_t number);

  /// The rule for operation `bit` of the file is fulfilled.
  [[nodiscard]] bool allowed(const File& file, unsigned bit) const;
  /// Something persistent is about to change: the power may fail just before it.
  void about_to_write();
  [[nodiscard]] bool is(const std::string& name, const std::string& value) const;

  std::unique_ptr<File> master_;
  std::map<std::uint8_t, std::unique_ptr<File>> pins_;
  bool initialised_ = false;
  Bytes serial_;

  // Volatile
  File* directory_ = nullptr;
  File* selected_ = nullptr;  ///< EF or RSF
  std::uint8_t logged_in_ = 0;
  std::map<std::uint8_t, std::uint8_t> environment_;  ///< template tag -> key number
  Bytes chain_;
  unsigned chain_ins_ = 0;  ///< INS and P1-P2 of the chain under way
  std::size_t declared_ = 0;
  Bytes pending_;  ///< for GET RESPONSE

  std::map<std::string, std::string> switches_;
  unsigned long power_countdown_ = 0;
};

}  // namespace kilt::vtoken::kaztoken
