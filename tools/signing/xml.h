// XML Signature as sites of the state take it: enveloped, in the compact form without white space,
// at the end of the root element; or of one element that an XPath names. Canonical XML by libxml2.
// Facts: signatures of the CA's software, measured, and pkigovkz/xmldsig for the algorithms' names.
#pragma once

#include <string>
#include <string_view>

#include "tools/signing/suite.h"

namespace kilt::tool {

struct XmlPlace {
  std::string element;  ///< XPath of the element to sign, which has an attribute Id; empty: all
  std::string parent;   ///< XPath of the signature's parent; empty: the root
};

/// `text_is_utf8`: whatever encoding the XML declaration names, these bytes are UTF-8 (they came as
/// a string). No DTD is taken and nothing is loaded. Throws Failure(kBadInput): not well formed, a
/// document type, nested deeper than 1000, more than 100 MB.
std::string sign_xml(std::string_view xml, bool text_is_utf8, const Suite& suite,
                     BytesView certificate, const XmlPlace& place);

/// Well formed and acceptable for sign_xml. Throws Failure(kBadInput).
void check_xml(std::string_view xml, bool text_is_utf8);

}  // namespace kilt::tool
