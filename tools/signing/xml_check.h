// Verifying XML signatures (xmldsig-core) in the forms that the CA's software and Kilt make: one
// reference, to the whole document or to one element by its Id; nothing else passes for signed.
#pragma once

#include <string>
#include <vector>

#include "tools/signing/verification.h"
#include "tools/terminal/bytes.h"

namespace kilt::tool {

struct XmlSigner {
  Bytes certificate;
  Verification signature = Verification::kNotComputed;
  /// What it is over: empty, the whole document as it was before this signature and later ones;
  /// else the one element that is named so, and nothing around it.
  std::string element;
};

struct XmlVerdict {
  /// Of all signatures together: kFits only if each was computed and fits.
  Verification signature = Verification::kNotComputed;
  std::vector<XmlSigner> signers;  ///< in the document's order
  Bytes content;                   ///< canonical form of what the first one signed
};

/// The file begins as an XML document does.
bool looks_like_xml(BytesView file);

/// Computes whether the signatures fit, from the last to the first: a later one covers the earlier,
/// whose document had no later one yet. Who signed is not judged. Throws Failure(kBadInput): no XML
/// that is accepted here, no signature in it, an Id that is not one element's;
/// Failure(kUnsupported): a form or an algorithm that is not known.
XmlVerdict verify_xml(BytesView file);

}  // namespace kilt::tool
