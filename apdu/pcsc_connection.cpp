#include "apdu/pcsc_connection.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <map>
#include <optional>
#include <thread>

#include <reader.h>
#include <winscard.h>

#include "apdu/patience.h"
#include "apdu/pcsc_error.h"

namespace kilt::apdu {
namespace {

// Header, extended lengths, 64 KiB and status word: nothing longer can come back.
constexpr std::size_t kPadAnswer = 256 + 2;
constexpr std::size_t kAnswerBuffer = 65536 + 16;

using namespace std::chrono_literals;
constexpr auto kPause = 20ms;  // between two tries, until the reader is free again

// As long as another program may be connected exclusively.
constexpr std::chrono::milliseconds kExclusivePatience = 2s;

/// Repeats `call` while it answers "another program has it", until the time is over.
template <typename Call>
LONG retry_while_shared(std::chrono::milliseconds longest, Call call) {
  const auto deadline = std::chrono::steady_clock::now() + std::min(longest, patience());
  while (true) {
    const LONG code = call();
    if (code != SCARD_E_SHARING_VIOLATION || std::chrono::steady_clock::now() >= deadline)
      return code;
    std::this_thread::sleep_for(kPause);
  }
}

constexpr std::size_t kShortMaxData = 256;

/// Control codes of what the reader can do beyond passing APDUs (PC/SC part 10, 2.2), by feature.
using Features = std::map<Byte, DWORD>;

Features ask_features(SCARDHANDLE card) {
  std::array<Byte, 256> buffer{};
  DWORD size = 0;
  Features features;
  if (SCardControl(card, CM_IOCTL_GET_FEATURE_REQUEST, nullptr, 0, buffer.data(), buffer.size(),
                   &size) != SCARD_S_SUCCESS)
    return features;
  // Entries of tag, length 4, control code in big-endian order.
  for (std::size_t at = 0; at + 6 <= std::min<std::size_t>(size, buffer.size()); at += 6)
    features[buffer[at]] = read_be(BytesView(buffer).subspan(at + 2, 4));
  return features;
}

/// The reader's longest APDU data field (PC/SC part 10, 2.6.14), nothing if it does not say.
std::optional<std::size_t> max_apdu_data(SCARDHANDLE card, const Features& features) {
  std::array<Byte, 256> buffer{};
  DWORD size = 0;
  const auto code = features.find(FEATURE_GET_TLV_PROPERTIES);
  if (code == features.end() || SCardControl(card, code->second, nullptr, 0, buffer.data(),
                                             buffer.size(), &size) != SCARD_S_SUCCESS)
    return std::nullopt;
  const std::size_t end = std::min<std::size_t>(size, buffer.size());
  for (std::size_t at = 0; at + 2 <= end; at += 2U + buffer[at + 1]) {
    const std::size_t length = buffer[at + 1];
    if (buffer[at] != PCSCv2_PART10_PROPERTY_dwMaxAPDUDataSize || length == 0 || length > 4 ||
        at + 2 + length > end)
      continue;
    return read_be(reversed(BytesView(buffer).subspan(at + 2, length)));  // little-endian
  }
  return std::nullopt;
}

class PcscConnection : public Connection {
 public:
  explicit PcscConnection(const std::string& reader) {
    check_pcsc("SCardEstablishContext",
               SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_));
    try {
      DWORD protocol = 0;
      // While another program is in a transaction pcscd lets this call wait until it ends; nothing
      // in PC/SC-Lite bounds that.
      check_pcsc("SCardConnect", retry_while_shared(kExclusivePatience, [&] {
                   return SCardConnect(context_, reader.c_str(), SCARD_SHARE_SHARED,
                                       SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card_, &protocol);
                 }));
      connected_ = true;
      protocol_ = protocol;
      read_status();
    } catch (...) {
      close();
      throw;
    }
  }
  ~PcscConnection() override { close(); }

  void begin() override {
    wait_for_turn();
    const LONG code = SCardBeginTransaction(card_);
    if (code == SCARD_W_RESET_CARD) {
      reconnect();
      throw CardReset();
    }
    check_pcsc("SCardBeginTransaction", code);
    held_ = true;
  }

  void end() noexcept override {
    if (held_) SCardEndTransaction(card_, SCARD_LEAVE_CARD);
    held_ = false;
  }

  Bytes transmit(BytesView command) override {
    Bytes answer(kAnswerBuffer);
    DWORD size = answer.size();
    const SCARD_IO_REQUEST* pci = protocol_ == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
    const LONG code =
        SCardTransmit(card_, pci, command.data(), command.size(), nullptr, answer.data(), &size);
    if (code == SCARD_W_RESET_CARD) {
      reconnect();
      throw CardReset();
    }
    if (code == SCARD_E_INSUFFICIENT_BUFFER)
      throw MalformedAnswer("the token's answer is longer than an APDU can be");
    check_pcsc("SCardTransmit", code);
    answer.resize(std::min<std::size_t>(size, answer.size()));
    return answer;
  }

  void reset() override {
    DWORD protocol = 0;
    check_pcsc("SCardReconnect",
               SCardReconnect(card_, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                              SCARD_RESET_CARD, &protocol));
    protocol_ = protocol;
  }

  [[nodiscard]] const Bytes& atr() const noexcept override { return atr_; }
  [[nodiscard]] unsigned protocol() const noexcept override {
    return protocol_ == SCARD_PROTOCOL_T0 ? 0 : 1;
  }
  // A reader that does not say passes what it gets; the card's answer shows the rest.
  [[nodiscard]] bool extended_length() const noexcept override {
    if (!extended_) {
      try {
        extended_ = max_apdu_data(card_, features()).value_or(kShortMaxData + 1) > kShortMaxData;
      } catch (const std::exception&) {
        extended_ = false;
      }
    }
    return *extended_;
  }
  [[nodiscard]] bool has_pad(PadAction action) const noexcept override {
    try {
      return features().contains(feature_of(action));
    } catch (const std::exception&) {
      return false;
    }
  }
  Bytes use_pad(PadAction action, BytesView structure) override {
    const auto code = features().find(feature_of(action));
    if (code == features().end()) return Connection::use_pad(action, structure);
    Bytes answer(kPadAnswer);
    DWORD size = 0;
    const LONG result = SCardControl(card_, code->second, structure.data(), structure.size(),
                                     answer.data(), answer.size(), &size);
    if (result == SCARD_W_RESET_CARD) {
      reconnect();
      throw CardReset();
    }
    check_pcsc("SCardControl", result);
    answer.resize(std::min<std::size_t>(size, answer.size()));
    return answer;
  }
  void abandon() noexcept override {
    connected_ = false;
    held_ = false;
    context_ = 0;
  }

 private:
  // SCardBeginTransaction of PC/SC-Lite waits for ever and cannot be cancelled. Ending a
  // transaction that we do not hold changes nothing and answers at once: SCARD_E_SHARING_VIOLATION
  // while another program holds one. Between this answer and our own beginning another may be
  // faster; then we wait for one more transaction of theirs, no longer.
  void wait_for_turn() {
    const LONG code = retry_while_shared(
        patience(), [&] { return SCardEndTransaction(card_, SCARD_LEAVE_CARD); });
    if (code == SCARD_E_SHARING_VIOLATION)
      throw ReaderBusy("another program has held the token for too long");
  }

  // After a foreign reset the handle stays unusable until this call; the transaction is gone too.
  void reconnect() {
    held_ = false;
    DWORD protocol = 0;
    check_pcsc("SCardReconnect",
               SCardReconnect(card_, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                              SCARD_LEAVE_CARD, &protocol));
    protocol_ = protocol;
  }

  static Byte feature_of(PadAction action) noexcept {
    return action == PadAction::kVerify ? FEATURE_VERIFY_PIN_DIRECT : FEATURE_MODIFY_PIN_DIRECT;
  }
  const Features& features() const {
    if (!features_) features_ = ask_features(card_);
    return *features_;
  }

  void read_status() {
    std::array<Byte, MAX_ATR_SIZE> atr{};
    DWORD atr_size = atr.size();
    DWORD name_size = 0;
    DWORD state = 0;
    DWORD protocol = 0;
    check_pcsc("SCardStatus",
               SCardStatus(card_, nullptr, &name_size, &state, &protocol, atr.data(), &atr_size));
    atr_.assign(atr.begin(), atr.begin() + static_cast<std::ptrdiff_t>(
                                               std::min<std::size_t>(atr_size, atr.size())));
  }

  void close() noexcept {
    PcscConnection::end();
    // Leave the card as it is: a reset would cost the next program its whole start.
    if (connected_) SCardDisconnect(card_, SCARD_LEAVE_CARD);
    if (context_ != 0) SCardReleaseContext(context_);
    connected_ = false;
    context_ = 0;
  }

  SCARDCONTEXT context_ = 0;
  SCARDHANDLE card_ = 0;
  DWORD protocol_ = SCARD_PROTOCOL_T1;
  bool connected_ = false;
  bool held_ = false;
  Bytes atr_;
  mutable std::optional<bool> extended_;      ///< asked once
  mutable std::optional<Features> features_;  ///< likewise
};

}  // namespace

std::unique_ptr<Connection> connect_pcsc(const std::string& reader) {
  return std::make_unique<PcscConnection>(reader);
}

}  // namespace kilt::apdu
