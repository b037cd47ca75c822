// Whatever is done to a transcript after it was signed is found.
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/system_rng.h>
#include <botan/x509_key.h>
#include <gmock/gmock.h>

#include "hsm/ceremony_transcript.hpp"
#include "hsm/ceremony_verify.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::ceremony {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant kBegun = parse_instant("2026-11-22T13:00:00Z");

Plan two_notes() {
  return Plan::parse(
      "ceremony: two-notes\npurpose: none\nconductor: anna\nwitnesses: [ben]\nsteps:\n"
      "  - {do: note, text: one}\n  - {do: note, text: two}\n",
      "steps.yaml");
}

Signer signer(const char* name) {
  return {name,
          std::make_shared<Botan::ECDSA_PrivateKey>(Botan::system_rng(), Botan::EC_Group::from_name("secp256r1"))};
}

/// A ceremony of two steps, the first of which failed once and was gone on with.
class TranscriptTest : public testing::Test {
 protected:
  Transcript held(Mode mode = Mode::real) {
    Transcript t{folder_ / (mode == Mode::real ? "transcript.cbor" : "rehearsal.cbor"), mode};
    const auto add = [&](Kind kind, std::uint64_t step, Details details) {
      t.add(kind, step, std::move(details), kBegun + std::chrono::seconds{t.records().size()}, signers_,
            Botan::system_rng());
    };
    add(Kind::begin, 0, begin_details(plan_, mode, "site", "lamp-hsm 0", signers_));
    add(Kind::start, 1, plan_.steps[0].fields());
    add(Kind::failed, 1, {{"why", "the light went out"}});
    add(Kind::resumed, 0, {});
    add(Kind::start, 1, plan_.steps[0].fields());
    add(Kind::done, 1, {});
    add(Kind::start, 2, plan_.steps[1].fields());
    add(Kind::done, 2, {{"result", "two"}});
    add(Kind::end, 0, {});
    return t;
  }

  /// Everything that a check with these people's keys objects to.
  Objections objections(ByteView file) const {
    const auto judged = attempt([&] {
      const auto records = parse_records(file);
      auto all = judge_records(records);
      for (auto& each : judge_people(records.front(), vouched())) all.push_back(std::move(each));
      for (auto& each : judge_plan(records, plan_)) all.push_back(std::move(each));
      return all;
    });
    if (const auto* error = std::get_if<Error>(&judged)) return {error->what()};
    return std::get<Objections>(judged);
  }

  [[nodiscard]] std::map<std::string, Bytes> vouched() const {
    std::map<std::string, Bytes> people;
    for (const auto& s : signers_) people[s.name] = Botan::X509::BER_encode(*s.key->public_key());
    return people;
  }

  test::TemporaryDirectory folder_;
  Plan plan_ = two_notes();
  std::vector<Signer> signers_{signer("anna"), signer("ben")};
};

Bytes joined(const std::vector<Record>& records) {
  Bytes all;
  for (const auto& record : records) append(all, record.encoded());
  return all;
}

TEST_F(TranscriptTest, AWholeOneIsAccepted) { EXPECT_THAT(objections(read_file(held().file())), IsEmpty()); }

TEST_F(TranscriptTest, EveryFlippedByteIsFound) {
  const auto whole = read_file(held().file());
  std::vector<std::size_t> missed;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto altered = whole;
    altered[at] ^= 0x01U;
    if (objections(altered).empty()) missed.push_back(at);
  }
  EXPECT_THAT(missed, IsEmpty());
}

TEST_F(TranscriptTest, EveryTruncationIsFound) {
  const auto whole = read_file(held().file());
  std::vector<std::size_t> missed;
  for (std::size_t size = 0; size < whole.size(); ++size)
    if (objections(ByteView{whole}.first(size)).empty()) missed.push_back(size);
  EXPECT_THAT(missed, IsEmpty());
}

TEST_F(TranscriptTest, EveryRemovedRecordIsFound) {
  const auto records = held().records();
  std::vector<std::size_t> missed;
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto fewer = records;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (objections(joined(fewer)).empty()) missed.push_back(i);
  }
  EXPECT_THAT(missed, IsEmpty());
}

TEST_F(TranscriptTest, EveryExchangeOfTwoRecordsIsFound) {
  const auto records = held().records();
  std::vector<std::size_t> missed;
  for (std::size_t i = 0; i + 1 < records.size(); ++i) {
    auto other = records;
    std::swap(other[i], other[i + 1]);
    if (objections(joined(other)).empty()) missed.push_back(i);
  }
  EXPECT_THAT(missed, IsEmpty());
}

TEST_F(TranscriptTest, CutAtASignedRecordItIsNotOver) {
  auto records = held().records();
  records.pop_back();
  EXPECT_THAT(objections(joined(records)), ElementsAre(HasSubstr("2 of 2 steps are finished")));
}

TEST_F(TranscriptTest, ARehearsalsRecordsAreNoRealOnes) {
  auto records = held(Mode::rehearsal).records();
  EXPECT_THAT(objections(joined(records)), IsEmpty());
  // The same people's signatures under the other mode count for nothing.
  EXPECT_EQ(judge_signatures(records.front(), people_of(records.front()), Mode::real).size(), 2U);
}

TEST_F(TranscriptTest, OtherPeoplesKeysAreFound) {
  const auto file = held().file();
  signers_ = {signer("anna"), signer("ben")};
  EXPECT_THAT(objections(read_file(file)), ElementsAre(HasSubstr("is not anna's"), HasSubstr("is not ben's")));
}

TEST_F(TranscriptTest, OneWhomNobodyVouchesForIsFound) {
  const auto file = held().file();
  signers_.pop_back();
  EXPECT_THAT(objections(read_file(file)), ElementsAre(HasSubstr("nobody vouches for the key of ben")));
}

TEST_F(TranscriptTest, ASignatureByFewerThanAllIsFound) {
  auto transcript = held();
  const auto all = std::exchange(signers_, {signers_.front()});
  Transcript shorter{folder_ / "other.cbor", Mode::real};
  shorter.add(Kind::begin, 0, begin_details(plan_, Mode::real, "site", "lamp-hsm 0", all), kBegun, signers_,
              Botan::system_rng());
  EXPECT_THAT(judge_signatures(shorter.records().front(), people_of(shorter.records().front()), Mode::real),
              ElementsAre("record 0 (begin) has 1 signatures, not 2"));
}

TEST_F(TranscriptTest, AnotherFileOfStepsIsFound) {
  const auto records = held().records();
  const auto other = Plan::parse(plan_.text + "# reviewed\n", "steps.yaml");
  EXPECT_THAT(judge_plan(records, other), ElementsAre(HasSubstr("these have")));
}

TEST_F(TranscriptTest, AStepThatIsNotTheFilesIsFound) {
  auto records = held().records();
  records[1].details[2].second = "another text";
  EXPECT_THAT(judge_plan(records, plan_), ElementsAre("record 1 (start of step 1) is not the step in the file"));
}

TEST_F(TranscriptTest, AClockThatWentBackIsRefused) {
  auto transcript = held();
  const auto added = attempt([&] {
    transcript.add(Kind::resumed, 0, {}, kBegun, signers_, Botan::system_rng());
    return true;
  });
  ASSERT_TRUE(std::holds_alternative<Error>(added));
  EXPECT_EQ(std::get<Error>(added).code(), Errc::denied);
  EXPECT_EQ(Transcript(transcript.file(), Mode::real).records().size(), transcript.records().size());
}

TEST_F(TranscriptTest, IsShownRecordByRecord) {
  const auto shown = show(held().records());
  EXPECT_THAT(shown, HasSubstr("why: the light went out"));
  EXPECT_THAT(shown, HasSubstr("kind: end"));
}

}  // namespace
}  // namespace lamp::ceremony
