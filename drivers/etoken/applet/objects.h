// The objects of an eToken applet: its files made into keys and certificates. Pairs are tied by
// the id in their attribute records; RSA records are not public, so an RSA key is tied to its
// certificate by whatever of its record equals the certificate's, else by its public part.
#pragma once

#include "drivers/etoken/applet/files.h"
#include "drivers/etoken/applet/records.h"
#include "drivers/objects.h"

namespace kilt::etoken::applet {

/// Why EC keys, and RSA keys with secure messaging, are listed but not used.
extern const char* const kEcUnusable;
extern const char* const kSecureMessaging;

class Objects {
 public:
  explicit Objects(Files& files) : files_(&files) {}

  /// Reads the list of files, and their contents if the list is another than last time.
  const ObjectList& list();
  /// Forget everything read.
  void forget() noexcept { listed_.reset(); }
  /// The key was there at the last list().
  [[nodiscard]] bool has_key(const ObjectRef& ref) const;
  /// DER. Throws ObjectNotFound, NotLoggedIn, MalformedAnswer.
  Bytes read_certificate(const ObjectRef& ref);

 private:
  void read_objects(const std::vector<FileId>& files);
  void add(FileId file);
  void add_certificate(FileId file);
  void add_ec_private(FileId file);
  void add_ec_public(FileId file);
  void pair_ec_keys();
  void add_rsa_key(FileId file);
  void tie_to_certificate(Key& key, BytesView record);
  [[nodiscard]] Certificate* certificate_of(BytesView record, BytesView public_part);
  [[nodiscard]] PublicKey public_key_of(Certificate& certificate);
  Bytes der(Certificate& certificate);

  Files* files_;
  std::optional<std::vector<FileId>> listed_;
  ObjectList objects_;
  struct EcHalf {
    FileId file;
    Attributes attributes;
  };
  std::vector<EcHalf> ec_private_, ec_public_;
};

}  // namespace kilt::etoken::applet
