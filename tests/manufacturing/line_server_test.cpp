// A station that has its devices certified by a line server: whatever is lost on the way, there is one certificate for
// each device, and nothing goes into a device that is not what was asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/firmware/credential_block.hpp"
#include "manufacturing/station_flow.hpp"
#include "tests/manufacturing/dfuse_bench.hpp"

namespace lamp::manufacturing {
namespace {

using test::SmallStation;
using testing::HasSubstr;
using testing::IsEmpty;
using Result = Outcome::Result;

std::string failure_of(SmallStation& station) {
  const auto ran = attempt([&] { return station.run("1-1"); });
  const auto* error = std::get_if<Error>(&ran);
  return error != nullptr ? error->what() : "(no failure)";
}

/// What an auditor finds when the station was killed at this moment and run again; "never" when it was done before.
std::string killed_at(std::uint64_t moment) {
  SmallStation station;
  (void)station.use_line_server();
  station.bench.plug_in("1-1", station.new_device("gateway"));
  station.fate.kill_at(moment);
  try {
    (void)station.run("1-1");
    return "never";
  } catch (const test::Killed&) {
    station.fate.live();
  }
  if (station.run("1-1").result != Result::good) return "not good";
  std::string found;
  for (const auto& problem : station.problems()) found += problem + "; ";
  return found;
}

TEST(LineServer, ADeviceIsFinishedWithOneCertificateWheneverTheStationWasKilled) {
  std::uint64_t moments = 0;
  std::vector<std::string> problems;
  for (std::string found; (found = killed_at(moments)) != "never"; ++moments)
    if (!found.empty()) problems.push_back("moment " + std::to_string(moments) + ": " + found);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_GT(moments, 25U);
}

TEST(LineServer, CertifiesAKeyThatTheStationMade) {
  SmallStation station;
  auto& part = station.new_dfuse_part("zigbee-luminaire");
  (void)station.use_line_server();
  test::DfuseBench bench{station.fate, part};
  EXPECT_EQ(station.run_on(bench, "1-1").result, Result::good);
  EXPECT_THAT(station.problems_of(part.application()), IsEmpty());
}

TEST(LineServer, AServerThatIsAwayLeavesADeviceThatTheNextRunFinishes) {
  SmallStation station;
  auto& server = station.use_line_server();
  server.before = [] { throw Error{Errc::unavailable, "the line server: connection refused"}; };
  station.bench.plug_in("1-1", station.new_device("smart-lamp"));
  EXPECT_EQ(failure_of(station), "SL-26-000001: the line server: connection refused");
  EXPECT_EQ(station.units().front().state, UnitState::keyed);
  server.before = [] {};
  EXPECT_EQ(station.run("1-1").result, Result::good);
  EXPECT_THAT(station.problems(), IsEmpty());
}

TEST(LineServer, ARefusalIsSaidOfTheDeviceAndChangesNothingInIt) {
  SmallStation station;
  station.use_line_server().before = [] { throw Error{Errc::denied, "the line server refused: the order was closed"}; };
  auto& device = station.new_device("smart-lamp");
  station.bench.plug_in("1-1", device);
  EXPECT_EQ(failure_of(station), "SL-26-000001: the line server refused: the order was closed");
  EXPECT_EQ(device.flash().contents().state, Lifecycle::keyed);
  EXPECT_THAT(station.units().front().certificate, IsEmpty());
}

TEST(LineServer, ACertificateForAnotherDeviceGoesIntoNone) {
  SmallStation station;
  auto& server = station.use_line_server();
  Bytes first;
  server.falsify = [&](Bytes& certificate) { first = certificate; };
  station.bench.plug_in("1-1", station.new_device("smart-lamp"));
  EXPECT_EQ(station.run("1-1").result, Result::good);
  server.falsify = [&](Bytes& certificate) { certificate = first; };
  auto& second = station.new_device("smart-lamp");
  station.bench.plug_in("1-1", second);
  EXPECT_THAT(failure_of(station),
              HasSubstr("SL-26-000002: the line server's certificate is not the one that was asked "
                        "for: it is for another key; it was not used"));
  EXPECT_EQ(second.flash().contents().state, Lifecycle::keyed);
  server.falsify = [](Bytes&) {};
  EXPECT_EQ(station.run("1-1").result, Result::good);
}

TEST(LineServer, ADeviceThatAsksForAnotherKeyOrNameIsFoundOut) {
  for (const bool names_another : {false, true}) {
    SmallStation station, elsewhere;
    (void)station.use_line_server();
    auto& other = elsewhere.new_device("smart-lamp");
    auto& own = station.new_device("smart-lamp");
    (void)other.answer({1, Generate{Bytes(kNonceSize)}});
    station.bench.falsify = [&](Response& response) {
      if (response.operation != Operation::request) return;
      response.body =
          (names_another ? own : other).answer({1, MakeRequest{names_another ? "SL-26-000002" : "SL-26-000001"}}).body;
    };
    station.bench.plug_in("1-1", own);
    EXPECT_THAT(failure_of(station), HasSubstr("certificate request is for another key or another name"));
    EXPECT_EQ(station.certificates_issued(), 0U);
  }
}

TEST(LineServer, ADeviceIsNotCertifiedTwiceByTwoIssuers) {
  SmallStation station;
  station.use_line_server().before = [] { throw Error{Errc::unavailable, "away"}; };
  station.bench.plug_in("1-1", station.new_device("smart-lamp"));
  (void)failure_of(station);
  station.forget_line_server();
  EXPECT_THAT(failure_of(station), HasSubstr("was asked of a line server"));
  EXPECT_EQ(station.certificates_issued(), 0U);

  SmallStation other;
  other.issuing_key.is_lost = true;
  other.bench.plug_in("1-1", other.new_device("smart-lamp"));
  (void)failure_of(other);
  (void)other.use_line_server();
  EXPECT_THAT(failure_of(other), HasSubstr("was begun by the authority in this station's token"));
  EXPECT_EQ(other.certificates_issued(), 0U);
}

}  // namespace
}  // namespace lamp::manufacturing
