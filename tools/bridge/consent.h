// The user's consent: one dialogue for one request. What is wanted, by whom, with which key is
// shown; the user chooses, types the PIN, agrees; then the work is done, on the module's thread.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "tools/bridge/dialogue.h"
#include "tools/bridge/module_thread.h"
#include "tools/bridge/origins.h"
#include "tools/bridge/pages.h"
#include "tools/bridge/storages.h"

namespace kilt::bridge {

/// One of the documents, as the dialogue shows it.
struct Document {
  std::string kind;  ///< "xml", "text", "binary", "digest", "signature"
  std::size_t size = 0;
  std::string digest;   ///< hex SHA-256 of what is signed; the digest itself for "digest"
  std::string preview;  ///< of text, cut
};
/// From what is signed: text if it is UTF-8 without control characters.
Document describe_document(BytesView data, bool xml);
Document describe_digest(BytesView digest);

/// How far the work is, and whether it shall end before the next document.
struct Progress {
  std::atomic<std::size_t> done{0};
  std::atomic<bool> stop{false};
};

/// What the work gets when the user has agreed.
struct Granted {
  tool::Session& session;
  const tool::CertificateView& certificate;
  const tool::KeyView* key;  ///< not null if Wish::private_key
  Progress& progress;
};

struct Wish {
  std::string operation;              ///< "xml", "cms", "raw", "key-info"
  std::vector<std::string> storages;  ///< names; empty: any
  KeyFilter filter;
  std::vector<Document> documents;  ///< at most the first hundred
  std::size_t count = 0;
  bool private_key = true;  ///< false: the certificate is enough, no PIN is asked
  /// On the module's thread. Must own all that it uses, and check Progress::stop between
  /// documents.
  std::function<void(Granted&)> act;
};

class Consent {
 public:
  Consent(ModuleThread& module, Origins& origins, OpenDialogue open)
      : module_(&module), origins_(&origins), open_(std::move(open)) {}

  /// Has the user agreed that this site may ask at all? Asks once. Throws Cancelled, Refused.
  void admit(const Page& page);
  /// Throws Cancelled, or what `act` and the module throw.
  void ask(const Page& page, Wish wish);
  /// A file that the user chose. Throws Cancelled.
  std::string choose_file(const Page& page, const std::string& extension);
  /// The plugged tokens, without any question.
  std::vector<std::string> tokens(const Page& page);

 private:
  class Talk;
  std::unique_ptr<Dialogue> open(const Page& page);
  ModuleThread* module_;
  Origins* origins_;
  OpenDialogue open_;
};

}  // namespace kilt::bridge
