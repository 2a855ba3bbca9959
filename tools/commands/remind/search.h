// Certificates for kilt remind: on connected tokens, in key files and in files of their own, each
// with the place where its owner finds it. No key is opened.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/commands/context.h"
#include "tools/x509/certificate.h"

namespace kilt::tool {

/// What the certificate lies in; the first is the best place to name.
enum class Place { kToken, kKeyFile, kCertificateFile };

struct Found {
  CertificateInfo info;
  Place place = Place::kCertificateFile;
  std::string where;  ///< for people: the token's name and number, or the file
  std::string token;  ///< what --token takes; empty: this is no token of the module
  bool old = false;   ///< the owner has a newer one for the same purposes in the same place
};

/// What could not be read, and why.
struct Unread {
  std::string where, why;
};

class Search {
 public:
  struct Options {
    std::string password_source;  ///< of key files; empty: none
    bool ask = false;             ///< for passwords, on the terminal
  };
  Search(Context& context, Options options) : context_(context), options_(std::move(options)) {}

  /// Every connected token that --token fits. What cannot be read goes into unread(); a module that
  /// does not work too. Throws Failure(kNotFound) if --token fits none.
  void tokens();
  /// A file, which must be a certificate's or a key file, or a folder with all that is below it.
  void place(const std::string& name);
  /// Once, after all places: key files whose certificate was found elsewhere, passwords asked for,
  /// which certificates are old, each of them only once.
  void finish();

  [[nodiscard]] const std::vector<Found>& found() const noexcept { return found_; }
  [[nodiscard]] const std::vector<Unread>& unread() const noexcept { return unread_; }
  /// All that could not be read is the module.
  [[nodiscard]] bool only_module_failed() const noexcept {
    return module_failed_ && unread_.size() == 1;
  }

 private:
  /// A key file that stayed closed.
  struct Closed {
    std::string path, token, why;
    Bytes key_id;  ///< the certificate's subject key identifier, out of the file's name
  };

  void token(const SlotView& slot);
  void folder(const std::string& name);
  void file(const std::filesystem::path& path, bool named);
  /// Reads what can be read without asking. Throws Failure.
  void key_file(const std::string& path, const std::string& token);
  bool open_by_copy(const Closed& closed);
  bool open_by_question(const Closed& closed);
  void add(const Bytes& der, Place place, const std::string& where, const std::string& token);
  void add_all(const std::vector<Bytes>& certificates, const std::string& path,
               const std::string& token);
  void find_old();
  void drop_doubles();

  Context& context_;
  Options options_;
  std::vector<Found> found_;
  std::vector<Unread> unread_;
  std::vector<Closed> closed_;
  std::vector<std::string> read_;  ///< key files that were looked at as tokens
  bool module_failed_ = false;
};

}  // namespace kilt::tool
