// Readers and cards inside this process: for unit tests, fuzzing and benchmarks.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "apdu/reader.h"

namespace kilt::test {

/// A card as a function of bytes. Calls come one at a time.
class CardEndpoint {
 public:
  CardEndpoint() = default;
  CardEndpoint(const CardEndpoint&) = delete;
  CardEndpoint& operator=(const CardEndpoint&) = delete;
  virtual ~CardEndpoint() = default;

  [[nodiscard]] virtual Bytes atr() const = 0;
  virtual void reset() = 0;
  /// Whole command in, whole answer (with status word) out. May throw what Connection::transmit
  /// may throw.
  virtual Bytes transmit(BytesView command) = 0;
};

class MemoryTransport : public apdu::Transport {
 public:
  MemoryTransport();
  ~MemoryTransport() override;

  /// Adds an empty reader.
  void add_reader(const std::string& name);
  void remove_reader(const std::string& name);
  void insert(const std::string& reader, std::shared_ptr<CardEndpoint> card);
  void remove_card(const std::string& reader);
  /// Resets the card as another program would: every connection sees CardReset once.
  void reset_by_other(const std::string& reader);

  std::vector<apdu::ReaderState> readers() override;
  std::unique_ptr<apdu::Connection> connect(const std::string& reader) override;
  void wait_for_change(const std::vector<apdu::ReaderState>& known,
                       std::chrono::milliseconds patience) override;
  void cancel() noexcept override;
  void abandon() noexcept override {}

  struct Slot;

 private:
  std::shared_ptr<Slot> find(const std::string& reader);
  std::vector<apdu::ReaderState> snapshot();

  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  std::vector<std::shared_ptr<Slot>> slots_;
};

}  // namespace kilt::test
