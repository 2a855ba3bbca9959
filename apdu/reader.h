// What the rest of Kilt knows of a reader: one interface over PC/SC, a virtual token's socket and
// a card inside this process. No method here sends an APDU on its own account.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "apdu/errors.h"

namespace kilt::apdu {

/// A snapshot of one reader, taken without touching the card.
struct ReaderState {
  std::string name;
  bool card_present = false;
  /// The card is there but gives no ATR.
  bool mute = false;
  /// Answer to reset; empty if no card or mute.
  Bytes atr;
  /// Changes whenever a card was inserted or removed, even if both happened since the last call.
  std::uint64_t event_count = 0;

  bool operator==(const ReaderState&) const = default;
};

/// What a reader with keys of its own does with a PIN (PC/SC part 10, 2.5).
enum class PadAction { kVerify, kModify };

/// A shared connection to the card in one reader. Not thread-safe: the slot's lock guards it.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// Starts a transaction: until end() no other program talks to the card. Waits a bounded time.
  /// Throws CardReset if another program reset the card since the last end() (the connection is
  /// usable again and the transaction is *not* held), CardRemoved, ReaderBusy, ServiceUnavailable,
  /// TransportError.
  virtual void begin() = 0;
  /// Ends the transaction. Leaves the card powered and logged in as it is.
  virtual void end() noexcept = 0;
  /// Sends one command APDU as it stands, returns the answer with its status word (2 bytes or
  /// more). Throws CardReset, CardRemoved, TransportError, MalformedAnswer.
  virtual Bytes transmit(BytesView command) = 0;
  /// Resets the card (the last resort to close its security state). The reset of our own doing is
  /// not reported by the next begin(). Throws CardRemoved, TransportError.
  virtual void reset() = 0;
  [[nodiscard]] virtual const Bytes& atr() const noexcept = 0;
  /// Transmission protocol in use: 0 (T=0) or 1 (T=1, and everything that is not T=0).
  [[nodiscard]] virtual unsigned protocol() const noexcept { return 1; }
  /// Extended length APDUs cross this reader (not: the card understands them).
  [[nodiscard]] virtual bool extended_length() const noexcept { return false; }
  /// The reader takes a PIN on keys of its own and puts it into a command.
  [[nodiscard]] virtual bool has_pad(PadAction /*action*/) const noexcept { return false; }
  /// Lets it do so: `structure` is PIN_VERIFY or PIN_MODIFY. Returns the reader's or the card's
  /// status word (2 bytes or more). Waits for the user. Throws as transmit().
  virtual Bytes use_pad(PadAction /*action*/, BytesView /*structure*/) {
    throw TransportError("the reader has no keys to type a PIN on");
  }
  /// Forgets the connection without telling pcscd: what a forked child does with inherited ones.
  virtual void abandon() noexcept = 0;
};

/// A way to readers: PC/SC, sockets, or memory. Thread-safe.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// All readers now, in a stable order. An absent service is an empty list, never an error.
  virtual std::vector<ReaderState> readers() = 0;
  /// Connects to the card in the named reader, shared. Throws CardRemoved (no card), CardMute,
  /// ReaderBusy, ReaderUnavailable, ServiceUnavailable, TransportError.
  virtual std::unique_ptr<Connection> connect(const std::string& reader) = 0;
  /// Waits until readers() may differ from `known`, cancel() is called, or the time is over.
  /// May return early without a reason; the caller compares.
  virtual void wait_for_change(const std::vector<ReaderState>& known,
                               std::chrono::milliseconds patience) = 0;
  /// Wakes every wait_for_change() now and makes the next one return at once. From any thread.
  virtual void cancel() noexcept = 0;
  /// Drops inherited handles in a forked child without closing them.
  virtual void abandon() noexcept = 0;
};

}  // namespace kilt::apdu
