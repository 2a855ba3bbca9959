// What several commands say about tokens, PINs, keys and certificates: as text and as JSON.
#pragma once

#include <string>

#include "tools/commands/context.h"
#include "tools/x509/nca.h"

namespace kilt::tool {

Json functions_json(const TokenStatus& status);
/// "PIN: 9 of 10 tries left; factory PIN", "SO PIN: ..."
std::string pin_line(const Output& out, const PinState& state, Role role = Role::kUser);
Json pin_json(const PinState& state);

Json token_json(const ChosenToken& token, const TokenStatus& status);
Json key_json(const ChosenToken& token, const KeyView& key);
Json certificate_json(const Context& context, const ChosenToken& token,
                      const CertificateView& certificate);
/// Without a token: a certificate out of a file.
Json certificate_json(const Context& context, const CertificateInfo& info);

/// Keys with their certificates, then certificates without a key.
Json pairs_json(const Context& context, const ChosenToken& token, const Inventory& inventory);
void print_pairs(Context& context, const ChosenToken& token, const Inventory& inventory, bool uris);

/// The certificate's fields, one a line.
void print_certificate(Context& context, const CertificateInfo& info);

/// "NAME, ORGANISATION"; may hold personal numbers.
std::string owner_of(const CertificateInfo& info);

/// "2027-03-01, 97 days left", "expired 3 days ago", and its colour by the CA's reminder stage.
std::string expiry_text(const CertificateInfo& info);
Colour expiry_colour(const CertificateInfo& info);

/// "login", "signature", … in the user's language.
std::string purpose_text(Purpose purpose);
std::string purpose_text(const CertificateInfo& info);

}  // namespace kilt::tool
