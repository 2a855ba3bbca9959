// What each family's fuzz target is: a recorded dialogue, played to the driver. Included once in a
// program.
#pragma once

#include "tests/support/dialogue.h"
#include "tests/support/fuzz_driver.h"

// libFuzzer's; not there in the programs that only replay a corpus.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                                              std::size_t max_size);

namespace kilt::test {

/// One run. `default_atr` replaces an ATR that belongs to no driver.
inline void fuzz_dialogue(BytesView bytes, const Bytes& default_atr) {
  static const ProfileSet profiles = ProfileSet::builtin();
  const Dialogue dialogue = Dialogue::decode(bytes);
  const bool known = profiles.match(dialogue.atr) != nullptr;
  try {
    apdu::Card card(
        std::make_unique<DialogueConnection>(dialogue, known ? dialogue.atr : default_atr));
    const auto token = open_token(card, profiles);
    use_token(*token, dialogue.what);
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the only kind that may come out
  }
}

}  // namespace kilt::test

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  using namespace kilt;  // NOLINT(google-build-using-namespace): one function of C's
  std::mt19937 random(seed);
  test::Dialogue dialogue = test::Dialogue::decode({data, size});
  for (unsigned rounds = 1 + random() % 3; rounds > 0; --rounds)
    test::mutate_dialogue(dialogue, random, [](Byte* bytes, std::size_t length, std::size_t room) {
      return LLVMFuzzerMutate == nullptr ? length : LLVMFuzzerMutate(bytes, length, room);
    });
  const Bytes encoded = dialogue.encode();
  if (encoded.size() > max_size) return size;  // this one stays as it is
  std::ranges::copy(encoded, data);
  return encoded.size();
}
