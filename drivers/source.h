// Where a slot's token comes from (design decision 25): cards in readers, another PKCS#11 module,
// files, or a card with another module's help. Each is a TokenSource; no source pretends to be a
// card. A slot knows this file and token.h, nothing else of the drivers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "apdu/reader.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt {

/// A token that a source opened: its driver, and the slot's hold on what the driver works with.
/// Not thread-safe: the slot's lock guards it.
class OpenedToken {
 public:
  OpenedToken() = default;
  OpenedToken(const OpenedToken&) = delete;
  OpenedToken& operator=(const OpenedToken&) = delete;
  virtual ~OpenedToken() = default;

  [[nodiscard]] virtual Token& token() noexcept = 0;
  /// The profile in use, nullptr if the token has none. Lives as long as the source.
  [[nodiscard]] virtual const Profile* profile() const noexcept = 0;

  /// A PIN can be typed at the reader; says nothing of the token's part in it.
  [[nodiscard]] virtual bool reader_has_pad() noexcept { return false; }

  /// Starts a logical operation: until end() no other program uses the token, where the token can
  /// be kept from others at all. Throws as apdu::Connection::begin(): after CardReset the operation
  /// has *not* started, and the token may have lost its login.
  virtual void begin() = 0;
  virtual void end() noexcept = 0;
  /// In a forked child: forgets what belongs to the parent without a word to anybody.
  virtual void abandon() noexcept = 0;
};

/// Readers of one kind and the way to the tokens in them. Thread-safe.
class TokenSource {
 public:
  TokenSource() = default;
  TokenSource(const TokenSource&) = delete;
  TokenSource& operator=(const TokenSource&) = delete;
  virtual ~TokenSource() = default;

  /// All readers now, in a stable order, without touching a token. A name stays one reader's for
  /// the life of the process; `card_present` means a token is there, `atr` is empty where there is
  /// no card. An absent service is an empty list, never an error.
  virtual std::vector<apdu::ReaderState> readers() = 0;
  /// Opens the token in the named reader; outside of its begin() and end() afterwards. Throws
  /// CardRemoved (no token there), CardMute, ReaderBusy, ReaderUnavailable, ServiceUnavailable,
  /// TransportError, and TokenNotRecognized, which holds until the reader's event_count changes.
  virtual std::unique_ptr<OpenedToken> open(const std::string& reader) = 0;
  /// The readers are hardware, their tokens can be pulled out.
  [[nodiscard]] virtual bool hardware() const noexcept { return true; }

  /// Waits until readers() may differ from `known`, cancel() is called, or the time is over.
  /// May return early without a reason; the caller compares.
  virtual void wait_for_change(const std::vector<apdu::ReaderState>& known,
                               std::chrono::milliseconds patience) = 0;
  /// Wakes every wait_for_change() now and makes the next one return at once. From any thread.
  virtual void cancel() noexcept = 0;
  /// In a forked child: drops what belongs to the parent without a word to anybody.
  virtual void abandon() noexcept = 0;
};

/// A source that nothing wakes: its readers are compared from time to time.
class PolledSource : public TokenSource {
 public:
  void wait_for_change(const std::vector<apdu::ReaderState>& known,
                       std::chrono::milliseconds patience) override;
  void cancel() noexcept override;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
};

/// A token without a card, which excludes no other program: begin() and end() do nothing.
[[nodiscard]] std::unique_ptr<OpenedToken> opened_without_card(std::unique_ptr<Token> token,
                                                               const Profile* profile = nullptr);

/// An operation on the token for as long as it lives (design decision 8: one per logical one).
class TokenOperation {
 public:
  /// Throws what OpenedToken::begin() throws.
  explicit TokenOperation(OpenedToken& token) : token_(&token) { token_->begin(); }
  TokenOperation(const TokenOperation&) = delete;
  TokenOperation& operator=(const TokenOperation&) = delete;
  ~TokenOperation() { token_->end(); }

 private:
  OpenedToken* token_;
};

/// Cards in the readers of a transport, their drivers from the registry.
[[nodiscard]] std::unique_ptr<TokenSource> make_card_source(
    std::unique_ptr<apdu::Transport> transport, const ProfileSet& profiles);

}  // namespace kilt
