// The minidriver's map of key containers, value of the object 3001/867F: records of 90 bytes, one
// per key number (sheet, section 8.5).
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "apdu/bytes.h"

namespace kilt::jacarta {

class ContainerMap {
 public:
  static constexpr std::size_t kRecordSize = 90;
  static constexpr std::size_t kDefaultRecords = 5;
  /// Keys with a container: numbers 0 to 29.
  static constexpr std::size_t kMaxRecords = 30;

  /// Whatever follows the last whole record is kept, but for zeros.
  static ContainerMap parse(BytesView value);
  [[nodiscard]] Bytes encode() const;

  /// Key sizes of record `number` are zero; a record beyond the end is free.
  [[nodiscard]] bool free(std::size_t number) const;
  /// Modulus bits of the key in the record; 0 if free.
  [[nodiscard]] unsigned bits(std::size_t number) const;
  [[nodiscard]] bool is_default(std::size_t number) const;
  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }

  /// Writes a record for a key exchange key; the map grows if it must.
  void set(std::size_t number, BytesView key_id, unsigned bits);
  /// Changes the record's name.
  void rename(std::size_t number, BytesView key_id);
  /// Makes it the default container, unless there is one. True if something changed.
  bool set_default(std::size_t number);
  /// Frees the record; the default goes to another key.
  void clear(std::size_t number);

 private:
  using Record = std::array<Byte, kRecordSize>;
  static void write_name(Record& record, BytesView key_id);

  std::vector<Record> records_;
  Bytes rest_;
};

}  // namespace kilt::jacarta
