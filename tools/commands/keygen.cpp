#include "tools/commands/keygen.h"

#include <array>
#include <charconv>
#include <optional>

#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/tc26.h"
#include "tools/client/gost.h"
#include "tools/terminal/progress.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/text.h"
#include "tools/x509/openssl.h"

namespace kilt::tool {
namespace {

struct Algorithm {
  CK_MECHANISM_TYPE mechanism = 0;
  CK_KEY_TYPE type = 0;
  unsigned long bits = 0;
  Bytes parameters;       ///< EC, GOST: DER OBJECT IDENTIFIER
  Bytes hash_parameters;  ///< GOST: DER OBJECT IDENTIFIER
};

struct EcCurve {
  std::string_view name;
  const char* oid;
  unsigned long bits;
};
constexpr std::array kEcCurves{EcCurve{"prime256v1", "1.2.840.10045.3.1.7", 256},
                               EcCurve{"secp384r1", "1.3.132.0.34", 384},
                               EcCurve{"secp521r1", "1.3.132.0.35", 521}};

[[noreturn]] void unknown(const std::string& name) {
  throw Failure(Kind::kUsage, tr("'{0}' is no kind of key.", clean(name)),
                tr("Known: rsa:1024 to rsa:4096, gost512, gost2004, gost:A, gost:B, gost:C, "
                   "ec:prime256v1, ec:secp384r1, ec:secp521r1."));
}

Algorithm parse(const std::string& name) {
  const auto colon = name.find(':');
  const std::string kind = name.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : name.substr(colon + 1);
  if (kind == "rsa") {
    unsigned long bits = rest.empty() ? 2048 : 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), bits);
    if (!rest.empty() && (parsed.ec != std::errc() || parsed.ptr != rest.data() + rest.size()))
      unknown(name);
    if (bits < 1024 || bits > 4096 || bits % 8 != 0) unknown(name);
    return {CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, bits, {}, {}};
  }
  if (kind == "gost") {
    const auto curve = gost_curve(rest.empty() ? "A" : rest);
    if (!curve) unknown(name);
    return {CKM_GOSTR3410_KEY_PAIR_GEN, CKK_GOSTR3410, 0, *curve, gost_hash_parameters()};
  }
  // The CA's own: GOST R 34.10-2015 of 512 bits, GOST 34.310-2004.
  if (name == "gost512")
    return {tc26::kGost512KeyPairGen, tc26::kGost512Key, 0, plain(crypto::kazakh_512_curve()),
            plain(crypto::kazakh_512_hash())};
  if (name == "gost2004")
    return {CKM_GOSTR3410_KEY_PAIR_GEN, CKK_GOSTR3410, 0, plain(crypto::kazakh_2004_curve()),
            plain(crypto::kazakh_2004_hash())};
  if (kind == "ec")
    for (const EcCurve& curve : kEcCurves)
      if (curve.name == rest) {
        const ObjectPtr object = object_of(curve.oid);
        return {CKM_EC_KEY_PAIR_GEN, CKK_EC, curve.bits, to_der(object.get(), i2d_ASN1_OBJECT), {}};
      }
  unknown(name);
}

void name_half(Template& half, const KeyPlan& plan) {
  if (!plan.label.empty()) half.text(CKA_LABEL, plan.label);
  if (!plan.id.empty()) half.bytes(CKA_ID, plan.id);
}

}  // namespace

void check_plan(Context& context, const ChosenToken& token, const KeyPlan& plan) {
  const Algorithm algorithm = parse(plan.algorithm);
  const auto info = context.module().mechanism(token.id(), algorithm.mechanism);
  if (!info)
    throw Failure(Kind::kUnsupported,
                  tr("This token cannot make keys of the kind {0}.", plan.algorithm),
                  tr("`kilt info` lists what it can do."));
  const bool too_small = info->ulMinKeySize != 0 && algorithm.bits < info->ulMinKeySize;
  const bool too_large = info->ulMaxKeySize != 0 && algorithm.bits > info->ulMaxKeySize;
  if (algorithm.bits != 0 && (too_small || too_large))
    throw Failure(Kind::kUnsupported, tr("This token makes keys of {0} to {1} bits.",
                                         info->ulMinKeySize, info->ulMaxKeySize));
}

KeyView make_key(Context& context, Session& session, const KeyPlan& plan) {
  const Algorithm algorithm = parse(plan.algorithm);
  Template public_half;
  Template private_half;
  public_half.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false).flag(CKA_VERIFY, true);
  private_half.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true);
  private_half.flag(CKA_EXTRACTABLE, false).flag(CKA_SIGN, true);
  if (algorithm.type == CKK_RSA) {
    constexpr std::array<Byte, 3> kExponent{0x01, 0x00, 0x01};
    public_half.number(CKA_MODULUS_BITS, algorithm.bits).bytes(CKA_PUBLIC_EXPONENT, kExponent);
    public_half.flag(CKA_ENCRYPT, plan.decrypt);
    private_half.flag(CKA_DECRYPT, plan.decrypt);
  } else if (algorithm.type == CKK_EC) {
    public_half.bytes(CKA_EC_PARAMS, algorithm.parameters);
  } else {
    public_half.bytes(CKA_GOSTR3410_PARAMS, algorithm.parameters);
    public_half.bytes(CKA_GOSTR3411_PARAMS, algorithm.hash_parameters);
    private_half.bytes(CKA_GOSTR3410_PARAMS, algorithm.parameters);
  }
  name_half(public_half, plan);
  name_half(private_half, plan);

  const Uninterrupted whole;  // pair and names belong together
  Session::Pair pair;
  {
    const Progress progress(context.out(),
                            tr("The token makes a key pair; leave it in its reader"));
    pair = session.generate(algorithm.mechanism, std::move(public_half), std::move(private_half));
  }
  KeyView key = read_key(session, pair);
  if (key.id.empty() && !key.spki.empty()) {
    // Not every module names a key by its key identifier.
    key.id = key_identifier(key.spki);
    for (const CK_OBJECT_HANDLE half : {pair.public_key, pair.private_key}) {
      if (half == 0) continue;
      Template id;
      id.bytes(CKA_ID, key.id);
      session.change(half, std::move(id));
    }
  }
  return key;
}

}  // namespace kilt::tool
