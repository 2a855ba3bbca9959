#include "drivers/iso7816/key_use.h"

#include <algorithm>
#include <array>
#include <exception>

#include <fmt/format.h>

#include "apdu/tlv.h"
#include "drivers/crypto/rsa.h"
#include "drivers/status.h"

namespace kilt::iso7816 {
namespace {

constexpr std::size_t kPkcs1Overhead = 11;
constexpr std::size_t kDefaultModulus = 256;
constexpr Byte kRsaPkcs1 = 0x02;  // algorithm reference of the IAS family, widely understood

std::vector<CommandTemplate> parse(std::initializer_list<const char*> texts) {
  std::vector<CommandTemplate> steps;
  for (const char* text : texts) steps.push_back(CommandTemplate::parse(text));
  return steps;
}

SignRules sign_way(const char* environment, const char* command) {
  SignRules rules;
  rules.environment = parse({environment});
  rules.command = {parse({command}), true};
  rules.algorithms[Hash::kNone] = kRsaPkcs1;
  return rules;
}

DecipherRules decipher_way(const char* environment) {
  DecipherRules rules;
  rules.environment = parse({environment});
  rules.command = {parse({"00 2A 80 86 {Lc} 00 {input} {Le}"}), true};
  rules.algorithm = kRsaPkcs1;
  return rules;
}

/// PSO COMPUTE DIGITAL SIGNATURE or INTERNAL AUTHENTICATE of a DigestInfo, of a hash with the
/// algorithm references of the IAS family, of a padded block: a card knows one or some of these.
std::vector<SignRules> standard_sign_ways() {
  constexpr const char* kSignature = "00 22 41 B6 06 80 01 {aa} 84 01 {kk}";
  constexpr const char* kCompute = "00 2A 9E 9A {Lc} {input} {Le}";
  SignRules hash = sign_way(kSignature, kCompute);
  hash.input = SignInput::kHash;
  hash.algorithms = {{Hash::kSha1, 0x12}, {Hash::kSha256, 0x42}};
  SignRules block = sign_way(kSignature, kCompute);
  block.input = SignInput::kPaddedHere;
  return {sign_way(kSignature, kCompute),
          sign_way("00 22 41 A4 06 80 01 {aa} 84 01 {kk}", "00 88 00 00 {Lc} {input} {Le}"),
          std::move(block), std::move(hash)};
}

/// EMSA-PKCS1-v1_5 (RFC 8017, 9.2).
Bytes padded(BytesView digest_info, std::size_t size) {
  Bytes block(size, 0xFF);
  block[0] = 0x00;
  block[1] = 0x01;
  block[size - digest_info.size() - 1] = 0x00;
  std::ranges::copy(digest_info, block.end() - static_cast<std::ptrdiff_t>(digest_info.size()));
  return block;
}

/// What the card says about the command, whatever the cryptogram, is told from all else, which may
/// be about the padding.
void check_decipherment(const apdu::Response& answer) {
  try {
    expect_ok("use of the private key", answer);
  } catch (const CardFault& fault) {
    if (fault.sw() == sw::kFunctionNotSupported || fault.sw() == sw::kIncorrectP1P2 ||
        fault.sw() == sw::kWrongLength)
      throw NotSupported("the card does not know this way of decrypting");
    throw InvalidData("the card cannot decrypt this");
  }
}

std::vector<DecipherRules> standard_decipher_ways() {
  return {decipher_way("00 22 41 B8 06 80 01 {aa} 84 01 {kk}"),
          decipher_way("00 22 41 B8 03 84 01 {kk}")};
}

}  // namespace

DigestInfo parse_digest_info(BytesView der) {
  struct Row {
    Hash hash;
    std::size_t size;
    Bytes oid;
  };
  static const std::array<Row, 5> kHashes{{
      {Hash::kSha1, 20, {0x2B, 0x0E, 0x03, 0x02, 0x1A}},
      {Hash::kSha224, 28, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04}},
      {Hash::kSha256, 32, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}},
      {Hash::kSha384, 48, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02}},
      {Hash::kSha512, 64, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03}},
  }};
  constexpr std::uint32_t kSequence = 0x30, kOid = 0x06, kOctetString = 0x04;
  try {
    const auto outer = tlv::Reader(der).next();
    const auto oid = tlv::find_path(der, {kSequence, kSequence, kOid});
    const auto value = tlv::find_path(der, {kSequence, kOctetString});
    if (outer && outer->encoded.size() == der.size() && oid && value)
      for (const Row& row : kHashes)
        if (equal(row.oid, oid->value) && value->value.size() == row.size)
          return {row.hash, to_bytes(value->value)};
  } catch (const MalformedAnswer&) {
    throw InvalidData("this card signs hash values only");
  }
  throw InvalidData("this card signs hash values only");
}

KeyUse::KeyUse(apdu::Card& card, Files& files, const Profile& profile, bool standard)
    : card_(&card), files_(&files), profile_(profile) {
  const CardCommands& commands = profile.commands;
  if (!commands.sign.command.empty())
    sign_ways_ = {commands.sign};
  else if (standard)
    sign_ways_ = standard_sign_ways();
  if (!commands.decipher.command.empty())
    decipher_ways_ = {commands.decipher};
  else if (standard)
    decipher_ways_ = standard_decipher_ways();
  sign_way_ = sign_ways_.size();
  decipher_way_ = decipher_ways_.size();
}

SignScheme KeyUse::sign_scheme() const {
  const bool block = !sign_ways_.empty() && sign_ways_[0].input == SignInput::kBlock;
  return block ? SignScheme::kRsaRaw : SignScheme::kRsaPkcs1;
}

DecryptScheme KeyUse::decrypt_scheme() const {
  const bool block = !decipher_ways_.empty() && decipher_ways_[0].whole_block;
  return block ? DecryptScheme::kRsaRaw : DecryptScheme::kRsaPkcs1;
}

std::string KeyUse::why_not(const Procedure& procedure, const char* what) const {
  if (procedure.verified || profile_.accepted()) return {};
  return fmt::format(
      "nobody has tried yet how to {} with this card; if you want to, add \"{}\" to "
      "profiles.unverified in kilt.toml",
      what, profile_.name);
}

std::string KeyUse::why_no_signature() const {
  if (sign_ways_.empty()) return "no public source says how this card signs";
  return why_not(sign_ways_[0].command, "sign");
}

std::string KeyUse::why_no_decryption() const {
  if (decipher_ways_.empty()) return "no public source says how this card decrypts";
  return why_not(decipher_ways_[0].command, "decrypt");
}

/// Several ways where the standard has several; the first error is the one that is reported. A way
/// is kept once its result proved right: a card may say 9000 to a way that is not its own.
template <typename Work, typename Prove>
apdu::Response KeyUse::first_that_works(std::size_t ways, std::size_t& known, Work work,
                                        Prove prove) {
  if (ways == 1 || known < ways) return work(ways == 1 ? 0 : known);
  std::exception_ptr first;
  const bool was_extended = card_->options().extended;
  // A card that says nothing about itself may take long data in extended length only.
  const bool may_extend = !was_extended && card_->connection().extended_length();
  for (std::size_t attempt = 0; attempt < (may_extend ? 2 * ways : ways); ++attempt) {
    const std::size_t way = attempt % ways;
    if (attempt >= ways) card_->options().extended = true;
    try {
      apdu::Response answer = work(way);
      const Proof proof = prove(answer);
      if (proof == Proof::kRight) known = way;
      if (proof == Proof::kNone) card_->options().extended = was_extended;
      if (proof != Proof::kWrong) return answer;
      throw MalformedAnswer("what the card made of the data is wrong");
    } catch (const NotLoggedIn&) {
      card_->options().extended = was_extended;
      throw;
    } catch (const CardFault& fault) {
      if (is_passing_trouble(fault.sw())) {
        card_->options().extended = was_extended;
        throw;
      }
      if (!first) first = std::current_exception();
    } catch (const NotSupported&) {
      if (!first) first = std::current_exception();
    } catch (const ObjectNotFound&) {
      if (!first) first = std::current_exception();
    } catch (const InvalidData&) {
      if (!first) first = std::current_exception();
    } catch (const MalformedAnswer&) {
      if (!first) first = std::current_exception();
    }
  }
  card_->options().extended = was_extended;
  std::rethrow_exception(first);
}

KeyUse::Proof KeyUse::prove_signature(const PublicKey& half, BytesView input, BytesView signature) {
  const auto* key = std::get_if<RsaPublicKey>(&half);
  if (key == nullptr) return Proof::kNone;
  return crypto::rsa_verify_pkcs1(*key, input, signature) ? Proof::kRight : Proof::kWrong;
}

KeyUse::Proof KeyUse::prove_decryption(const PublicKey& half, BytesView cryptogram,
                                       BytesView clear) {
  if (clear.empty() || clear.size() > cryptogram.size()) return Proof::kWrong;
  // The card found a padding and took it off: by another way there is none to find.
  if (clear.size() + kPkcs1Overhead <= cryptogram.size()) return Proof::kRight;
  const auto* key = std::get_if<RsaPublicKey>(&half);
  if (key == nullptr) return Proof::kNone;
  return crypto::rsa_is_private_of(*key, cryptogram, clear) ? Proof::kRight : Proof::kWrong;
}

apdu::Response KeyUse::carry_out(const std::vector<CommandTemplate>& environment,
                                 const Procedure& procedure, const TemplateFields& fields) {
  return files_->in_application([&] {
    for (const CommandTemplate& step : environment)
      expect_ok("MANAGE SECURITY ENVIRONMENT", card_->send(step.fill(fields)));
    apdu::Response answer;
    for (const CommandTemplate& step : procedure.steps) {
      if (&step != &procedure.steps.front()) expect_ok("use of the private key", answer);
      answer = card_->send(step.fill(fields));
    }
    // Another program may have left the place: in_application is to hear of it.
    if (answer.sw == sw::kFileNotFound || answer.sw == sw::kReferencedDataNotFound)
      expect_ok("use of the private key", answer);
    return answer;
  });
}

Bytes KeyUse::sign(const CardKey& key, const PublicKey& half, BytesView input) {
  if (const std::string why = why_no_signature(); !why.empty()) throw NotSupported(why);
  const std::size_t modulus = key.size != 0 ? key.size : kDefaultModulus;
  const Bytes number{key.number}, reference{key.reference};
  const auto by = [&](std::size_t way) {
    const SignRules& rules = sign_ways_[way];
    DigestInfo digest;
    Bytes block;
    BytesView data = input;
    if (rules.input != SignInput::kBlock) {
      const std::size_t most = rules.max_input != 0 ? rules.max_input : modulus - kPkcs1Overhead;
      if (data.empty() || data.size() > most)
        throw InvalidData(fmt::format("this card signs at most {} bytes", most));
    }
    if (rules.input == SignInput::kHash ||
        (!rules.algorithms.contains(Hash::kNone) && !rules.algorithms.empty()))
      digest = parse_digest_info(input);
    if (rules.input == SignInput::kHash) data = digest.value;
    if (rules.input == SignInput::kPaddedHere) data = block = padded(input, modulus);
    auto algorithm = rules.algorithms.find(digest.hash);
    if (algorithm == rules.algorithms.end()) algorithm = rules.algorithms.find(Hash::kNone);
    if (algorithm == rules.algorithms.end() && !rules.algorithms.empty())
      throw NotSupported("the profile names no algorithm for this hash");
    const Bytes aa{algorithm == rules.algorithms.end() ? Byte{0} : algorithm->second};
    auto signature = carry_out(rules.environment, rules.command,
                               {{"n", number}, {"kk", reference}, {"aa", aa}, {"input", data}});
    expect_ok("use of the private key", signature);
    return signature;
  };
  return first_that_works(sign_ways_.size(), sign_way_, by,
                          [&](const apdu::Response& answer) {
                            return prove_signature(half, input, answer.data);
                          })
      .data;
}

SecureBytes KeyUse::decrypt(const CardKey& key, const PublicKey& half, BytesView cryptogram) {
  if (const std::string why = why_no_decryption(); !why.empty()) throw NotSupported(why);
  const Bytes number{key.number}, reference{key.reference};
  const auto by = [&](std::size_t way) {
    const DecipherRules& rules = decipher_ways_[way];
    const Bytes aa{rules.algorithm};
    auto clear = carry_out(rules.environment, rules.command,
                           {{"n", number}, {"kk", reference}, {"aa", aa}, {"input", cryptogram}});
    // Not told from a bad padding, but no reason to try another way.
    if (!is_passing_trouble(clear.sw)) check_decipherment(clear);
    return clear;
  };
  auto answer =
      first_that_works(decipher_ways_.size(), decipher_way_, by, [&](const apdu::Response& clear) {
        return clear.ok() ? prove_decryption(half, cryptogram, clear.data) : Proof::kNone;
      });
  if (!answer.ok()) throw InvalidData("the card cannot decrypt this");
  return SecureBytes(std::move(answer.data));
}

}  // namespace kilt::iso7816
