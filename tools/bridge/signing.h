// One signing request, whatever dialect it came in: consent, then each document signed by the
// chosen key with one login.
#pragma once

#include <string>
#include <vector>

#include "tools/bridge/consent.h"
#include "tools/signing/xml.h"

namespace kilt::bridge {

struct SignPlan {
  enum class Format { kXml, kCms, kRaw };
  Format format = Format::kCms;
  std::vector<Bytes> documents;
  bool text_is_utf8 = false;  ///< XML that came as a string
  bool digested = false, encapsulate = false, time_stamp = false;
  bool may_add_signer = false;   ///< a document that is a CMS gets one more signature
  bool only_time_stamp = false;  ///< the documents are CMS, which get time stamps, not signatures
  tool::XmlPlace place;
  std::vector<std::string> storages;
  KeyFilter filter;
};

struct SignResult {
  std::vector<Bytes> documents;  ///< XML text, DER, or bare signatures; in order
  Bytes certificate;
};

/// Throws Cancelled, Refused, Failure(kBadInput) for documents that cannot be signed so.
SignResult sign(Consent& consent, const Page& page, SignPlan plan, const std::string& tsa);

/// The chosen certificate, DER, and which storage it is in. Throws Cancelled, Refused.
Bytes choose_certificate(Consent& consent, const Page& page,
                         const std::vector<std::string>& storages);

/// A file that the user chose: regular, at most 64 MiB. Throws Refused.
Bytes read_document(const std::string& path);

}  // namespace kilt::bridge
