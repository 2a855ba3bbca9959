// The card channel: sends command values, follows 61xx and 6Cxx, chains long commands, and does
// all that within fixed bounds, so that no answer of a hostile card keeps us in a loop.
#pragma once

#include <cstdint>
#include <memory>

#include "apdu/command.h"
#include "apdu/reader.h"
#include "apdu/response.h"
#include "apdu/trace.h"

namespace kilt::apdu {

/// Bounds and manners of the channel.
struct ChannelOptions {
  /// Total answer bytes collected through 61xx for one command.
  std::size_t max_answer = 65536 + 2;
  /// Use extended length where a command does not fit in a short APDU (else chaining).
  bool extended = false;
};

/// One connected card. Not thread-safe: the slot's lock guards it.
class Card {
 public:
  explicit Card(std::unique_ptr<Connection> connection, ChannelOptions options = {});
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;
  ~Card();

  /// Sends the command and collects the whole answer. Status words other than 61xx/6Cxx are the
  /// caller's business; see drivers/status.h. Throws what Connection::transmit throws and
  /// MalformedAnswer.
  Response send(const Command& command);

  /// Lets the user type a PIN at the reader, which sends `command` with it; `structure` says how
  /// (apdu/pin_pad.h makes both). The status word of the card. Throws PinEntryFailed, and what
  /// Connection::use_pad throws.
  Response at_pad(PadAction action, const Command& command, BytesView structure);

  [[nodiscard]] const Bytes& atr() const noexcept { return connection_->atr(); }
  [[nodiscard]] Connection& connection() noexcept { return *connection_; }
  [[nodiscard]] ChannelOptions& options() noexcept { return options_; }

 private:
  [[nodiscard]] bool extended() const noexcept;
  Response exchange(const Command& command);
  Response send_whole(const Command& command);
  Response send_chained(const Command& command);
  Response collect(const Command& command, Response first);

  std::unique_ptr<Connection> connection_;
  ChannelOptions options_;
};

/// A transaction for as long as it lives (design decision 8: one per logical operation).
class Transaction {
 public:
  /// Throws what Connection::begin throws.
  explicit Transaction(Card& card) : connection_(&card.connection()) { connection_->begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() { connection_->end(); }

 private:
  Connection* connection_;
};

}  // namespace kilt::apdu
