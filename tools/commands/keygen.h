// Making key pairs on a token, by the names people use for algorithms.
#pragma once

#include <string>

#include "tools/commands/context.h"

namespace kilt::tool {

struct KeyPlan {
  std::string algorithm = "rsa:2048";  ///< rsa:BITS, gost:A|B|C, ec:prime256v1|secp384r1|secp521r1
  std::string label;
  Bytes id;             ///< empty: the key identifier, SHA-1 of the public key
  bool decrypt = true;  ///< RSA: also for decryption
};

/// Throws Failure(kUsage) for a name that is none, Failure(kUnsupported) if the token has no
/// mechanism for it or not this size. Nothing is sent to the token but questions.
void check_plan(Context& context, const ChosenToken& token, const KeyPlan& plan);

/// Makes the pair, showing progress; id and label are on both halves. The user is logged in.
KeyView make_key(Context& context, Session& session, const KeyPlan& plan);

}  // namespace kilt::tool
