// The objects of an IDPrime card: containers made into keys and certificates.
#pragma once

#include <map>

#include "drivers/etoken/idprime/files.h"
#include "drivers/etoken/idprime/minidriver.h"
#include "drivers/objects.h"

namespace kilt::etoken::idprime {

/// Generations of the card, as far as they number their keys differently.
enum class Model { k3810, k830, k840, k930, k930Plus, k940, kOther };

/// By the historical bytes behind 65 B0.
[[nodiscard]] Model model_of(BytesView atr);

/// A key as the driver uses it.
struct CardKey {
  Byte reference = 0;
  unsigned bits = 0;
  bool signature_pin = false;
};

class Objects {
 public:
  Objects(Files& files, Model model) : files_(&files), model_(model) {}

  /// Reads the index, and everything else if the index is another than last time.
  const ObjectList& list(bool logged_in);
  /// Forget everything read.
  void forget() noexcept { index_.reset(); }
  /// nullptr if unknown.
  [[nodiscard]] const CardKey* card_key(const ObjectRef& ref) const noexcept;
  [[nodiscard]] bool has_signature_pin() const noexcept;
  /// DER. Throws ObjectNotFound, NotLoggedIn, MalformedAnswer.
  Bytes read_certificate(const ObjectRef& ref);
  /// The name in the 'tinfo' file, empty if there is none.
  std::string token_name();

 private:
  void read_objects(bool logged_in);
  void add_certificates();
  void add_keys(const std::vector<Container>& containers, const std::vector<MappedKey>& map,
                bool logged_in);
  void add_key(const Container& container, std::optional<MappedKey> mapped, bool logged_in);
  [[nodiscard]] PublicKey key_in(const Certificate* certificate, bool logged_in);
  [[nodiscard]] std::optional<std::pair<Byte, PublicKey>> find_key(unsigned container,
                                                                   unsigned bits, bool logged_in);
  [[nodiscard]] Certificate* certificate_of(unsigned container);
  template <typename Read>
  auto read_or_note(const char* what, bool logged_in, Read read) -> decltype(read());

  Files* files_;
  Model model_;
  std::optional<std::vector<IndexEntry>> index_;
  ObjectList objects_;
  std::map<ObjectRef, CardKey> card_keys_;
  std::map<ObjectRef, FileId> certificate_files_;
  std::map<ObjectRef, unsigned> certificate_containers_;
  bool complete_ = false;
  std::uint64_t changes_ = 0;
};

}  // namespace kilt::etoken::idprime
