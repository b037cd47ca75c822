#include "manufacturing/lamp_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::manufacturing {
namespace {

using testing::HasSubstr;

Identity some_identity() {
  return {"smart-lamp", Bytes(16, 1), 3, Lifecycle::keyed, "1.0.0", Bytes(65, 4), Bytes(32, 9)};
}

template <class Body>
Body back(const Body& body, Operation operation) {
  const auto response = decode_response(encode(Response{operation, 7, body}));
  EXPECT_EQ(response.sequence, 7U);
  EXPECT_EQ(response.operation, operation);
  return std::get<Body>(response.body);
}

TEST(LampProtocol, RequestsComeBackAsTheyWere) {
  const auto request = decode_request(encode(Request{0xFFFFFFFF, Prove{Bytes(32, 5)}}));
  EXPECT_EQ(request.sequence, 0xFFFFFFFF);
  EXPECT_EQ(operation_of(request.body), Operation::prove);
  EXPECT_EQ(std::get<Prove>(request.body).nonce, Bytes(32, 5));
}

TEST(LampProtocol, AWishForACertificateRequestComesBackAsItWas) {
  const auto request = decode_request(encode(Request{7, MakeRequest{"SL-26-000001"}}));
  EXPECT_EQ(operation_of(request.body), Operation::request);
  EXPECT_EQ(std::get<MakeRequest>(request.body).serial, "SL-26-000001");
  EXPECT_EQ(back(MadeRequest{Bytes(300, 1)}, Operation::request).request, Bytes(300, 1));
  EXPECT_THROW((void)decode_response(encode(Response{Operation::request, 7, MadeRequest{Bytes(1025, 1)}})), Error);
}

TEST(LampProtocol, AnIdentityComesBackAsItWas) {
  const auto identity = back(some_identity(), Operation::identify);
  EXPECT_EQ(identity.model, "smart-lamp");
  EXPECT_EQ(identity.hardware_revision, 3U);
  EXPECT_EQ(identity.state, Lifecycle::keyed);
  EXPECT_EQ(identity.block_digest, Bytes(32, 9));
}

TEST(LampProtocol, AProofComesBackAsItWas) {
  const auto proof = back(Proof{"SL-26-000001", Lifecycle::locked, DebugPort::locked, Bytes(64, 2)}, Operation::prove);
  EXPECT_EQ(proof.serial, "SL-26-000001");
  EXPECT_EQ(proof.debug_port, DebugPort::locked);
}

TEST(LampProtocol, ARefusalKeepsStatusAndDetail) {
  const auto refusal = back(Refusal{Status::wrong_state, "device is locked"}, Operation::install);
  EXPECT_EQ(refusal.status, Status::wrong_state);
  EXPECT_EQ(refusal.detail, "device is locked");
}

TEST(LampProtocol, AFrameSizeIsKnownFromItsHead) {
  const auto frame = encode(Request{1, Lock{}});
  EXPECT_EQ(frame_size(ByteView{frame}.first(6)), std::nullopt);
  EXPECT_EQ(frame_size(ByteView{frame}.first(7)), frame.size());
}

TEST(LampProtocol, ABoxThatFillsAFrameIsNotCut) {
  EXPECT_NO_THROW((void)encode(Request{1, Install{Bytes(60000, 1)}}));
  EXPECT_THROW((void)encode(Request{1, Install{Bytes(65536, 1)}}), Error);
}

TEST(LampProtocol, SignedMessagesDiffer) {
  const Bytes nonce(32, 1);
  EXPECT_NE(proof_message(nonce, "A", Lifecycle::provisioned, DebugPort::open),
            proof_message(nonce, "A", Lifecycle::locked, DebugPort::open));
  EXPECT_NE(key_message(nonce, Bytes(3, 1)), proof_message(nonce, "", Lifecycle::blank, DebugPort::open));
}

Bytes framed(const cbor::Writer& payload) {
  Bytes frame{'L', 'P', 1, 0, 0, 0, static_cast<std::uint8_t>(payload.encoded().size())};
  append(frame, payload.encoded());
  return frame;
}

cbor::Writer request(std::uint64_t operation, std::uint64_t sequence, const Bytes& body) {
  cbor::Writer writer;
  writer.array(3).unsigned_integer(operation).unsigned_integer(sequence).raw(body);
  return writer;
}

Bytes body_with(std::int64_t key, const Bytes& value) {
  return cbor::MapWriter{}.add(key, std::move(cbor::Writer{}.bytes(value))).encoded();
}

struct Malformed {
  const char* name;
  Bytes frame;
  std::string says;
};
void PrintTo(const Malformed& m, std::ostream* os) { *os << m.name; }

std::vector<Malformed> malformed_requests() {
  const auto good = encode(Request{1, Generate{Bytes(32, 1)}});
  auto magic = good, version = good, longer = good, huge = good;
  magic[1] = 'Q';
  version[2] = 2;
  longer.push_back(0);
  huge[3] = 1;
  const Bytes empty_map = cbor::MapWriter{}.encoded();
  auto trailing = request(5, 1, empty_map);
  trailing.integer(1);
  return {{"Empty", {}, "length and content"},
          {"Truncated", Bytes(good.begin(), good.end() - 1), "length and content"},
          {"WithTail", longer, "length and content"},
          {"WrongMagic", magic, "magic"},
          {"OtherVersion", version, "version 2"},
          {"OverTheLimit", huge, "64 KiB"},
          {"NoPayload", {'L', 'P', 1, 0, 0, 0, 0}, ""},
          {"NotCbor", {'L', 'P', 1, 0, 0, 0, 2, 0xFF, 0xFF}, ""},
          {"IndefiniteLength", {'L', 'P', 1, 0, 0, 0, 5, 0x9F, 0x01, 0x01, 0xA0, 0xFF}, ""},
          {"UnknownOperation", framed(request(8, 1, empty_map)), "unknown operation"},
          {"NoOperation", framed(request(0, 1, empty_map)), "unknown operation"},
          {"HugeSequence", framed(request(1, 1ULL << 32, empty_map)), "sequence"},
          {"MissingField", framed(request(2, 1, empty_map)), "missing or unknown"},
          {"UnknownField", framed(request(1, 1, body_with(1, {1}))), "missing or unknown"},
          {"FieldOfOtherKey", framed(request(2, 1, body_with(2, Bytes(32, 1)))), "missing or unknown"},
          {"ShortNonce", framed(request(4, 1, body_with(1, Bytes(31, 1)))), "wrong size"},
          {"EmptyBox", framed(request(3, 1, body_with(1, {}))), "wrong size"},
          {"TwoItems", framed(trailing), ""}};
}

class LampProtocolMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(LampProtocolMalformed, RequestIsRefusedWithAReason) {
  const auto read = attempt([&] { return decode_request(GetParam().frame); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_EQ(std::get<Error>(read).code(), Errc::bad_input);
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(Request, LampProtocolMalformed, testing::ValuesIn(malformed_requests()),
                         [](const auto& tested) { return std::string{tested.param.name}; });

Bytes response(std::uint64_t operation, std::uint64_t status, const Bytes& body) {
  cbor::Writer writer;
  writer.array(4).unsigned_integer(operation).unsigned_integer(1).unsigned_integer(status).raw(body);
  return framed(writer);
}

std::vector<Malformed> malformed_responses() {
  const Bytes empty_map = cbor::MapWriter{}.encoded();
  auto short_point = some_identity();
  short_point.session_point.pop_back();
  auto odd_digest = some_identity();
  odd_digest.block_digest.pop_back();
  return {{"UnknownStatus", response(5, 5, empty_map), "unknown status"},
          {"OkToNothing", response(0, 0, empty_map), "answer to nothing"},
          {"RefusalWithoutText", response(5, 2, empty_map), "missing or unknown"},
          {"LockWithBody", response(5, 0, body_with(1, {1})), "missing or unknown"},
          {"ShortDigest", response(3, 0, body_with(1, Bytes(31, 1))), "wrong size"},
          {"ShortPoint", encode(Response{Operation::identify, 1, short_point}), "wrong size"},
          {"OddBlockDigest", encode(Response{Operation::identify, 1, odd_digest}), "block digest"}};
}

class LampProtocolMalformedAnswer : public testing::TestWithParam<Malformed> {};

TEST_P(LampProtocolMalformedAnswer, IsRefusedWithAReason) {
  const auto read = attempt([&] { return decode_response(GetParam().frame); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_EQ(std::get<Error>(read).code(), Errc::bad_input);
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(Answer, LampProtocolMalformedAnswer, testing::ValuesIn(malformed_responses()),
                         [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace lamp::manufacturing
