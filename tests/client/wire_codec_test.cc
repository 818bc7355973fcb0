#include "client/wire_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "qalam/v1/log.pb.h"

namespace qalam::abi0 {
namespace {

std::string Flatten(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer InSlicesOf(const std::string& bytes, std::size_t slice_bytes) {
  std::vector<grpc::Slice> slices;
  for (std::size_t at = 0; at < bytes.size(); at += slice_bytes) {
    slices.emplace_back(bytes.substr(at, slice_bytes));
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

TEST(WireCodecTest, ABatchReadsBackAsTheMessageItIs) {
  ProduceMessage message;
  message.kind = ProduceMessage::Kind::kBatch;
  message.batch_id = 300;
  message.expected_offset = 1'000'000'000'000;
  message.buffer = std::make_shared<BatchBuffer>();
  message.buffer->builder().Add(0, std::nullopt, AsBytes(std::string(70'000, 'v')));
  message.batch = message.buffer->Stamp({1, 0}, 0);
  std::weak_ptr<BatchBuffer> alive = message.buffer;
  const std::string expected(AsText(message.batch));
  grpc::ByteBuffer encoded = EncodeProduce(message, {});
  message.buffer = nullptr;
  EXPECT_FALSE(alive.expired());  // The connection holds the bytes.
  v1::ProduceRequest request;
  ASSERT_TRUE(request.ParseFromString(Flatten(encoded)));
  EXPECT_EQ(request.batch().batch_id(), 300u);
  EXPECT_EQ(request.batch().expected_offset(), 1'000'000'000'000);
  EXPECT_EQ(request.batch().batch(), expected);
  encoded.Clear();
  EXPECT_TRUE(alive.expired());
}

TEST(WireCodecTest, AnExpectedOffsetOfZeroIsThereAndNoneIsAbsent) {
  ProduceMessage message;
  message.kind = ProduceMessage::Kind::kBatch;
  message.buffer = std::make_shared<BatchBuffer>();
  message.buffer->builder().Add(0, std::nullopt, AsBytes("v"));
  message.batch = message.buffer->Stamp({}, -1);
  v1::ProduceRequest request;
  ASSERT_TRUE(request.ParseFromString(Flatten(EncodeProduce(message, {}))));
  EXPECT_FALSE(request.batch().has_expected_offset());
  message.expected_offset = 0;
  ASSERT_TRUE(request.ParseFromString(Flatten(EncodeProduce(message, {}))));
  EXPECT_TRUE(request.batch().has_expected_offset());
}

TEST(WireCodecTest, OpenAndRestart) {
  v1::ProduceRequest request;
  ASSERT_TRUE(
      request.ParseFromString(Flatten(EncodeProduce({}, {"orders", 3, Acks::kLeader, "me"}))));
  EXPECT_EQ(request.open().topic(), "orders");
  EXPECT_EQ(request.open().partition(), 3);
  EXPECT_EQ(request.open().acks(), v1::ACKS_LEADER);
  EXPECT_EQ(request.open().client_id(), "me");
  ProduceMessage restart;
  restart.kind = ProduceMessage::Kind::kRestart;
  ASSERT_TRUE(request.ParseFromString(Flatten(EncodeProduce(restart, {}))));
  EXPECT_TRUE(request.has_restart());
}

TEST(WireCodecTest, TailResponsesAreReadAcrossSlicesWithFieldsInAnyOrder) {
  v1::TailResponse response;
  response.set_batches(std::string(5000, 'b'));
  response.set_next_offset(7);
  response.set_high_watermark(8);
  response.set_log_start_offset(2);
  response.set_leader_epoch(5);
  v1::TailResponse tail_only = response;
  tail_only.clear_batches();
  v1::TailResponse batches_only;
  batches_only.set_batches(response.batches());
  const std::string unknown("\x7a\x03xyz", 5);  // Field 15.
  const std::string reversed =
      tail_only.SerializeAsString() + unknown + batches_only.SerializeAsString();
  for (const std::string& bytes : {response.SerializeAsString(), reversed}) {
    for (const std::size_t slice_bytes : {1, 2, 7, 4096, 100'000}) {
      grpc::ByteBuffer message = InSlicesOf(bytes, slice_bytes);
      RawBuffer batches;
      const auto decoded = DecodeTailResponse(message, batches);
      ASSERT_TRUE(decoded.has_value());
      EXPECT_EQ(decoded->next_offset, 7);
      EXPECT_EQ(decoded->high_watermark, 8);
      EXPECT_EQ(decoded->log_start_offset, 2);
      EXPECT_EQ(decoded->leader_epoch, 5);
      EXPECT_EQ(AsText(batches.view()), response.batches());
    }
  }
}

TEST(WireCodecTest, ACutOrLyingTailResponseIsRefusedWithoutAllocatingWhatItClaims) {
  v1::TailResponse response;
  response.set_batches(std::string(100, 'b'));
  const std::string bytes = response.SerializeAsString();
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    grpc::ByteBuffer message = InSlicesOf(bytes.substr(0, cut), 16);
    RawBuffer batches;
    EXPECT_FALSE(DecodeTailResponse(message, batches).has_value()) << cut;
  }
  grpc::ByteBuffer liar = InSlicesOf(std::string("\x0a\xff\xff\xff\xff\x07", 6), 16);
  RawBuffer batches;
  EXPECT_FALSE(DecodeTailResponse(liar, batches).has_value());
}

TEST(WireCodecTest, AnswersCarryOffsetsDurabilityAndErrors) {
  v1::ProduceResponse response;
  auto& good = *response.add_results();
  good.set_batch_id(1);
  good.set_base_offset(10);
  good.set_leader_epoch(2);
  good.set_durability(v1::DURABILITY_OS);
  good.set_duplicate(true);
  good.set_append_time_ms(-1);
  auto& bad = *response.add_results();
  bad.set_batch_id(2);
  bad.set_base_offset(-1);
  bad.mutable_error()->set_reason("NO_SPACE");
  grpc::ByteBuffer message = InSlicesOf(response.SerializeAsString(), 3);
  const auto answers = DecodeProduceResponse(message, "b:1");
  ASSERT_TRUE(answers.has_value());
  ASSERT_EQ(answers->size(), 2u);
  EXPECT_EQ((*answers)[0].base_offset, 10);
  EXPECT_EQ((*answers)[0].durability, Durability::kOs);
  EXPECT_TRUE((*answers)[0].duplicate);
  EXPECT_EQ((*answers)[0].append_time_ms, -1);
  EXPECT_FALSE((*answers)[0].error.has_value());
  EXPECT_TRUE((*answers)[1].error->Is("NO_SPACE"));
  EXPECT_EQ((*answers)[1].error->broker(), "b:1");
}

}  // namespace
}  // namespace qalam::abi0
