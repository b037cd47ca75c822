// lamp-hsm ceremony: going on after a failure or a kill, and what is not gone on with.
#include <p11-kit/pkcs11.h>

#include "hsm/module.hpp"
#include "tests/hsm/ceremony_fixture.hpp"

namespace lamp::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// A module's functions with a session on the token of that label, past this project's own classes.
class BareSession {
 public:
  explicit BareSession(const std::string& label) : module_{hsm::Module::load(test::SoftHsm::module())} {
    for (const auto& token : hsm::list_tokens(*module_))
      if (token.initialized && token.label == label) slot = token.slot;
    hsm::check(functions()->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle), "");
  }
  BareSession(const BareSession&) = delete;
  BareSession& operator=(const BareSession&) = delete;
  ~BareSession() { functions()->C_CloseAllSessions(slot); }
  [[nodiscard]] CK_FUNCTION_LIST* functions() const { return module_->functions(); }

  CK_SLOT_ID slot = 0;
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;

 private:
  std::shared_ptr<hsm::Module> module_;
};

std::vector<CK_BYTE> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

void destroy_private_half(const std::string& token, const std::string& label) {
  const BareSession session{token};
  auto pin = bytes_of(test::SoftHsm::kPin);
  auto* f = session.functions();
  hsm::check(f->C_Login(session.handle, CKU_USER, pin.data(), pin.size()), "C_Login");
  CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
  auto name = bytes_of(label);
  CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &kind, sizeof kind}, {CKA_LABEL, name.data(), name.size()}};
  CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
  CK_ULONG count = 0;
  hsm::check(f->C_FindObjectsInit(session.handle, wanted, 2), "C_FindObjectsInit");
  hsm::check(f->C_FindObjects(session.handle, &found, 1, &count), "C_FindObjects");
  hsm::check(f->C_FindObjectsFinal(session.handle), "C_FindObjectsFinal");
  hsm::check(f->C_DestroyObject(session.handle, found), "C_DestroyObject");
}

/// The token as a kill between C_InitToken and C_InitPIN leaves it.
void leave_without_pin(const std::filesystem::path& store, const std::string& label) {
  for (const auto& token : std::filesystem::directory_iterator{store})
    if (to_text(read_file(token.path() / "token.object")).find(label) != std::string::npos)
      std::filesystem::remove_all(token.path());
  const auto module = hsm::Module::load(test::SoftHsm::module());
  CK_SLOT_ID slot = 0;
  for (const auto& token : hsm::list_tokens(*module))
    if (!token.initialized) slot = token.slot;
  auto padded = bytes_of(label);
  padded.resize(32, ' ');
  auto so = bytes_of(test::SoftHsm::kSoPin);
  hsm::check(module->functions()->C_InitToken(slot, so.data(), so.size(), padded.data()), "C_InitToken");
}

TEST_F(CeremonyTest, StopsAtTheFirstFailureAndGoesOn) {
  write_steps(kMakeKey + kMakeRoot + kExport);
  publish(site() / "out/root.pem", std::string_view{"in the way"});
  const auto stopped = hold();
  EXPECT_EQ(stopped.exit, 3);
  EXPECT_THAT(stopped.err, AllOf(HasSubstr("stopped in step 3 of 3; finished: 1 to 2"), HasSubstr("is there already")));
  std::filesystem::remove(site() / "out/root.pem");
  const auto done = hold();
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_THAT(done.out, AllOf(HasSubstr("going on: 2 of 3"), Not(HasSubstr("step 1 of 3"))));
  EXPECT_EQ(verify().exit, 0);
}

TEST_F(CeremonyTest, HeldTwiceItOnlySaysThatItIsOver) {
  write_steps(kMakeKey);
  ASSERT_EQ(hold().exit, 0);
  const auto before = read_file(transcript());
  EXPECT_EQ(hold().exit, 0);
  EXPECT_EQ(read_file(transcript()), before);
}

TEST_F(CeremonyTest, TakesAKeyThatWasMadeBeforeTheCut) {
  write_steps(kMakeKey);
  ASSERT_EQ(hold().exit, 0);
  const auto key = records().at(2).value("public-key-digest");
  cut_after_start_of(1);
  const auto again = hold();
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("made before an interruption, found whole"));
  EXPECT_THAT(again.out, HasSubstr(key));
  EXPECT_EQ(verify().exit, 0);
}

TEST_F(CeremonyTest, MakesAKeyAnewOfWhichOnlyHalfIsThere) {
  write_steps(kMakeKey);
  ASSERT_EQ(hold().exit, 0);
  const auto key = records().at(2).value("public-key-digest");
  cut_after_start_of(1);
  destroy_private_half("root", "root");
  const auto again = hold();
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.out, AllOf(HasSubstr("half of it was found"), Not(HasSubstr(key))));
  EXPECT_EQ(verify().exit, 0);
}

TEST_F(CeremonyTest, TakesATokenThatWasInitialisedBeforeTheCut) {
  write_steps("  - {do: token, token: spare, initialise: true, so-pin-file: so-pin}\n");
  ASSERT_EQ(hold().exit, 0);
  cut_after_start_of(1);
  const auto again = hold();
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("made before an interruption, found whole"));
}

TEST_F(CeremonyTest, ATokenInitialisedWithoutItsPinIsReported) {
  write_steps("  - {do: token, token: spare, initialise: true}\n");
  ASSERT_EQ(hold().exit, 0);
  cut_after_start_of(1);
  leave_without_pin(site() / "tokens", "spare");
  const auto again = hold();
  EXPECT_EQ(again.exit, 3);
  EXPECT_THAT(again.err, HasSubstr("did not get its PIN before the interruption"));
}

TEST_F(CeremonyTest, AnAuthorityFromBeforeIsNotThisCeremonys) {
  write_steps(kMakeKey + kMakeRoot);
  ASSERT_EQ(hold().exit, 0);
  cut_after_start_of(1);
  std::filesystem::remove_all(site() / "ca");
  const auto again = hold();
  EXPECT_EQ(again.exit, 3);
  EXPECT_THAT(again.err, HasSubstr("from before this ceremony"));
}

TEST_F(CeremonyTest, CompletesAnAuthorityThatWasMadeBeforeTheCut) {
  write_steps(kMakeKey + kMakeRoot + kConfirm);
  ASSERT_EQ(hold().exit, 0);
  const auto certificate = read_text_file(site() / "ca/root/cert.pem");
  cut_after_start_of(2);
  EXPECT_EQ(hold().exit, 0);
  EXPECT_EQ(read_text_file(site() / "ca/root/cert.pem"), certificate);
  EXPECT_EQ(verify().exit, 0);
}

TEST_F(CeremonyTest, AKeyThatSomebodyElseMadeMeanwhileIsNotTaken) {
  write_steps(kMakeKey);
  ASSERT_EQ(hold().exit, 0);
  cut_after_start_of(1);
  {
    auto token = hsm::Token::open(SoftHsm::address("root"));
    token.login(test::pin(SoftHsm::kPin));
    token.destroy_key("root");
    token.generate_key(hsm::KeyKind::p256, hsm::KeyUse::sign, "root");
  }
  const auto again = hold();
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, HasSubstr("not the one that this step makes"));
}

TEST_F(CeremonyTest, AFinishedStepThatIsGoneIsFound) {
  write_steps(kMakeKey + kMakeRoot);
  ASSERT_EQ(hold().exit, 0);
  cut_after_start_of(2);
  {
    auto token = hsm::Token::open(SoftHsm::address("root"));
    token.login(test::pin(SoftHsm::kPin));
    token.destroy_key("root");
    token.generate_key(hsm::KeyKind::p384, hsm::KeyUse::sign, "root");
  }
  const auto again = hold();
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, HasSubstr("step 1: key \"root\" is no longer what the transcript says"));
}

TEST_F(CeremonyTest, AShortenedTranscriptIsRefused) {
  write_steps(kMakeKey + kMakeRoot);
  ASSERT_EQ(hold().exit, 0);
  auto all = records();
  all.resize(3);
  Bytes file;
  for (const auto& record : all) append(file, record.encoded());
  publish(transcript(), ByteView{file});
  const auto again = hold();
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, HasSubstr("shortened or replaced"));
}

TEST_F(CeremonyTest, AnotherFileOfTheSameNameIsRefused) {
  write_steps(kMakeKey);
  ASSERT_EQ(hold().exit, 0);
  write_steps(kMakeKey + kMakeRoot);
  const auto again = hold();
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, HasSubstr("the steps that were run had digest"));
}

}  // namespace
}  // namespace lamp::cli
