// What a test has to know beforehand of each kind of virtual token: the kinds.json of its folder.
#pragma once

#include <nlohmann/json.hpp>

namespace kilt::vtoken {

/// All of them, in the order of kinds(), each kind's own first and then its variants: an array of
/// objects. A field that is absent does not apply.
///
///   name, kind, options   the variant; the kind it is of; the switches (KEY=VALUE) that make it
///   title                 for people
///   prepared              "ready": has keys and certificates; "formatted": PINs and no keys;
///                         "blank": is to be formatted. Ready cards may want a `wants_profile`
///   blank                 switches that make a formatted one blank
///   label                 as the token is shown; one that tests format gets it from them
///   user_pin, so_pin      of the factory
///   tries, tells_tries    of the user PIN; false: no command tells them
///   tries_left            jq's filter for those left in the state file (--state); of a card that
///   counts
///                         what was presented in all its life, that number as a negative one
///   pin_change, unblock   the driver can
///   key, key_label        type of its key, and which one if several are there
///   cannot                functions of `kilt list --json` that are unavailable when it is prepared
///   clients               programs of tests/clients are tried with it
///   lacks                 what these cannot, each with a pattern of the reason, or "unlisted": no
///                         mechanism
///   apdus                 budget of tests/bench/apdus: login, first and each further signature;
///   why;
///                         `opensc`: OpenSC drives it too, and must not need less
///
/// Throws std::invalid_argument if a kind has no entry, or an entry has no kind.
[[nodiscard]] nlohmann::ordered_json facts();

}  // namespace kilt::vtoken
