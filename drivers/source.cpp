#include "drivers/source.h"

#include "apdu/card.h"
#include "drivers/registry.h"

namespace kilt {
namespace {

class TokenWithoutCard : public OpenedToken {
 public:
  TokenWithoutCard(std::unique_ptr<Token> token, const Profile* profile)
      : token_(std::move(token)), profile_(profile) {}
  [[nodiscard]] Token& token() noexcept override { return *token_; }
  [[nodiscard]] const Profile* profile() const noexcept override { return profile_; }
  void begin() override {}
  void end() noexcept override {}
  void abandon() noexcept override {}

 private:
  std::unique_ptr<Token> token_;
  const Profile* profile_;
};

/// A card, its connection and its driver.
class OpenedCard : public OpenedToken {
 public:
  OpenedCard(std::unique_ptr<apdu::Connection> connection, const ProfileSet& profiles)
      : card_(std::move(connection)) {
    const apdu::Transaction transaction(card_);
    token_ = open_token(card_, profiles);
    profile_ = profiles.match(card_.atr());
    if (profile_ == nullptr) profile_ = profiles.find(token_->profile_name());
  }
  [[nodiscard]] Token& token() noexcept override { return *token_; }
  [[nodiscard]] const Profile* profile() const noexcept override { return profile_; }
  [[nodiscard]] bool reader_has_pad() noexcept override {
    return card_.connection().has_pad(apdu::PadAction::kVerify);
  }
  void begin() override { card_.connection().begin(); }
  void end() noexcept override { card_.connection().end(); }
  void abandon() noexcept override { card_.connection().abandon(); }

 private:
  apdu::Card card_;
  std::unique_ptr<Token> token_;  // works with card_: goes first
  const Profile* profile_ = nullptr;
};

class CardSource : public TokenSource {
 public:
  CardSource(std::unique_ptr<apdu::Transport> transport, const ProfileSet& profiles)
      : transport_(std::move(transport)), profiles_(&profiles) {}
  std::vector<apdu::ReaderState> readers() override { return transport_->readers(); }
  std::unique_ptr<OpenedToken> open(const std::string& reader) override {
    return std::make_unique<OpenedCard>(transport_->connect(reader), *profiles_);
  }
  void wait_for_change(const std::vector<apdu::ReaderState>& known,
                       std::chrono::milliseconds patience) override {
    transport_->wait_for_change(known, patience);
  }
  void cancel() noexcept override { transport_->cancel(); }
  void abandon() noexcept override { transport_->abandon(); }

 private:
  std::unique_ptr<apdu::Transport> transport_;
  const ProfileSet* profiles_;
};

}  // namespace

void PolledSource::wait_for_change(const std::vector<apdu::ReaderState>&,
                                   std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return cancelled_; });
  cancelled_ = false;
}

void PolledSource::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

std::unique_ptr<OpenedToken> opened_without_card(std::unique_ptr<Token> token,
                                                 const Profile* profile) {
  return std::make_unique<TokenWithoutCard>(std::move(token), profile);
}

std::unique_ptr<TokenSource> make_card_source(std::unique_ptr<apdu::Transport> transport,
                                              const ProfileSet& profiles) {
  return std::make_unique<CardSource>(std::move(transport), profiles);
}

}  // namespace kilt
