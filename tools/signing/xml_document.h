// XML documents as signatures need them: parsed without anything from outside, and their canonical
// forms. By libxml2.
#pragma once

#include <string>
#include <string_view>

#include <libxml/tree.h>

#include "tools/x509/openssl.h"

namespace kilt::tool::xml {

inline constexpr const char* kSignatureSpace = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr const char* kC14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
inline constexpr const char* kC14nComments =
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
inline constexpr const char* kExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
inline constexpr const char* kExclusiveComments =
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
inline constexpr const char* kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

using DocPtr = Owned<xmlDoc, xmlFreeDoc>;
using CharsPtr = Owned<xmlChar, [](xmlChar* text) { xmlFree(text); }>;

/// libxml2's characters.
const xmlChar* chars(const char* text);
std::string text_of(const xmlChar* text);

/// Throws Failure(kBadInput) in the words of a Java parser, which web pages know.
[[noreturn]] void not_xml(const std::string& why);

/// `text_is_utf8`: whatever encoding the XML declaration names, these bytes are UTF-8. No DTD is
/// taken and nothing is loaded. Throws by not_xml(): not well formed, a document type, nested
/// deeper than 1000, more than 100 MB.
DocPtr parse(std::string_view xml, bool text_is_utf8);

/// The node is `top` or below it.
bool is_within(const xmlNode* node, const xmlNode* top);

/// Canonical XML 1.0, without comments, of the subtree, or of the whole document (top null).
Bytes canonical(xmlDoc* doc, xmlNode* top, bool exclusive);

}  // namespace kilt::tool::xml
