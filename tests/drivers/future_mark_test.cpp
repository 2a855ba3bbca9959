// The mark of the last change counts seconds: many changes in one second, or a clock ahead on
// another computer, lead it into the future. What is remembered is of use all the same (design
// decision 16): the contents tell how fresh it is.
#include <gtest/gtest.h>

#include "drivers/cache.h"
#include "drivers/pkcs15/last_update.h"
#include "tests/support/ready_token.h"
#include "tests/support/temporary_folder.h"

namespace kilt::test {
namespace {

struct Kept {
  const char* kind;
  unsigned pairs;  ///< as many as such a token holds, 20 at most
};

std::time_t clock_at = 0;

class FutureMark : public ::testing::TestWithParam<Kept> {
 protected:
  FutureMark() {
    clock_at = std::time(nullptr);
    pkcs15::set_clock([] { return clock_at; });
    const auto family = std::ranges::find(kFamilies, GetParam().kind, &Family::kind);
    family_ = *family;
    endpoint_ = ready_token(family_, 0);
    readers_.add_reader("reader");
    readers_.insert("reader", endpoint_);
    cache::set_folder(folder_.path() / "kilt");
  }
  ~FutureMark() override {
    cache::set_folder({});
    pkcs15::set_clock([] { return std::time(nullptr); });
  }
  SecureBytes pin() const { return SecureBytes(to_bytes(std::string_view(family_.pin))); }

  /// Another program's work: its driver knows nothing yet.
  template <typename Work>
  void program(Work work) {
    apdu::Card card(readers_.connect("reader"));
    work(*open_token(card, ProfileSet::builtin()));
  }
  void make_pairs(unsigned first, unsigned count) {
    program([&](Token& token) {
      token.login(PinRole::kUser, pin());
      for (unsigned i = 0; i < count; ++i) add_pair(token, static_cast<Byte>(first + i));
      (void)token.list();
      token.logout();
    });
  }
  /// A program that reads everything; how many commands that takes.
  std::size_t start(std::size_t pairs) {
    endpoint_->restart_count();
    program([&](Token& token) {
      (void)token.info();
      const ObjectList list = token.list();
      EXPECT_EQ(pairs, list.keys.size());
      EXPECT_EQ(pairs, list.certificates.size());
      for (const Certificate& one : list.certificates)
        EXPECT_FALSE(token.read_certificate(one.ref).empty());
    });
    return endpoint_->count();
  }

  Family family_;
  TemporaryFolder folder_;
  std::shared_ptr<CountingEndpoint> endpoint_;
  MemoryTransport readers_;
};

TEST_P(FutureMark, ManyPairsInARowLeaveTheCacheOfUse) {
  const unsigned pairs = GetParam().pairs;
  make_pairs(1, pairs);
  // The first program to read what was written there keeps it for the next.
  const std::size_t first = start(pairs), next = start(pairs);
  cache::set_folder(folder_.path() / "empty");
  const std::size_t cold = start(pairs);
  cache::set_folder(folder_.path() / "kilt");
  clock_at += 3600;
  (void)start(pairs);
  const std::size_t caught_up = start(pairs);
  EXPECT_LT(first, cold);
  RecordProperty("commands", std::to_string(first) + ", then " + std::to_string(next) +
                                 " instead of " + std::to_string(cold) + ", later " +
                                 std::to_string(caught_up));
  EXPECT_LE(next * 3, cold) << "the directories are read, the objects are not";
  EXPECT_LE(caught_up, next);
  std::printf("%s: cold %zu, first %zu, next %zu, later %zu\n", GetParam().kind, cold, first, next,
              caught_up);
}

TEST_P(FutureMark, OfAClockAheadByYears) {
  constexpr std::time_t kYears = 10L * 365 * 24 * 3600;
  clock_at += kYears;
  make_pairs(1, 3);
  clock_at -= kYears;
  const std::size_t first = start(3), next = start(3);
  EXPECT_LT(next, first);
  EXPECT_EQ(next, start(3));
  // And what another program writes meanwhile is seen, though the mark counts on from there.
  make_pairs(4, 1);
  (void)start(4);
}

INSTANTIATE_TEST_SUITE_P(Families, FutureMark,
                         ::testing::Values(Kept{"kaztoken", 20}, Kept{"cardos", 15}),
                         [](const auto& one) { return std::string(one.param.kind); });

}  // namespace
}  // namespace kilt::test
