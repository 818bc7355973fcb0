#include "broker/wire/produce_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "qalam/v1/log.pb.h"
#include "tests/broker/wire/cut.h"

namespace qalam {
namespace {

std::string Varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}
std::string Number(int field, std::uint64_t value) {
  return Varint(static_cast<std::uint64_t>(field) << 3) + Varint(value);
}
std::string Delimited(int field, const std::string& bytes) {
  return Varint(static_cast<std::uint64_t>(field) << 3 | 2) + Varint(bytes.size()) + bytes;
}

// A message as protobuf writes it.
std::string BatchMessage(std::uint64_t id, std::optional<std::int64_t> expected,
                         const std::string& batch) {
  v1::ProduceRequest request;
  request.mutable_batch()->set_batch_id(id);
  if (expected) request.mutable_batch()->set_expected_offset(*expected);
  request.mutable_batch()->set_batch(batch);
  return request.SerializeAsString();
}

void ExpectBatch(SliceSpan message, std::uint64_t id, std::optional<Offset> expected,
                 const std::string& bytes) {
  const auto decoded = DecodeProduceRequest(message);
  ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
  const auto* const batch = std::get_if<ProduceBatchMessage>(&*decoded);
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(batch->batch_id, id);
  EXPECT_EQ(batch->expected_offset, expected);
  EXPECT_EQ(AsText(batch->batch.view()), bytes);
}

TEST(ProduceCodecTest, DecodesWhatProtobufWrites) {
  v1::ProduceRequest request;
  auto& open = *request.mutable_open();
  open.set_topic("orders");
  open.set_partition(3);
  open.set_acks(v1::ACKS_NONE);
  open.set_client_id("me");
  const auto opened = DecodeProduceRequest(Cut(request.SerializeAsString(), {}));
  ASSERT_TRUE(opened.ok());
  const auto& decoded = std::get<ProduceOpen>(*opened);
  EXPECT_EQ(decoded.partition, (TopicPartition{"orders", 3}));
  EXPECT_EQ(decoded.acks, Acks::kNone);
  EXPECT_EQ(decoded.client_id, "me");

  ExpectBatch(Cut(BatchMessage(7, 42, "bytes"), {}), 7, 42, "bytes");
  ExpectBatch(Cut(BatchMessage(UINT64_MAX, -1, ""), {}), UINT64_MAX, -1, "");
  ExpectBatch(Cut(BatchMessage(0, std::nullopt, "b"), {}), 0, std::nullopt, "b");
  ExpectBatch(Cut(BatchMessage(1, 0, "b"), {}), 1, 0, "b");

  request.mutable_restart();
  const auto restart = DecodeProduceRequest(Cut(request.SerializeAsString(), {}));
  ASSERT_TRUE(restart.ok());
  EXPECT_TRUE(std::holds_alternative<ProduceRestart>(*restart));
}

TEST(ProduceCodecTest, FieldsMayComeInAnyOrder) {
  std::vector<std::string> fields = {Number(1, 9), Number(2, 8), Delimited(3, "payload"),
                                     Number(99, 1), Delimited(50, "unknown")};
  std::sort(fields.begin(), fields.end());
  do {
    std::string batch;
    for (const std::string& field : fields) batch += field;
    ExpectBatch(Cut(Delimited(2, batch), {}), 9, 8, "payload");
  } while (std::next_permutation(fields.begin(), fields.end()));
}

TEST(ProduceCodecTest, AMessageMayBeCutAnywhere) {
  const std::string message = Delimited(40, "unknown") + BatchMessage(300, 70000, "a batch");
  for (std::size_t a = 0; a <= message.size(); ++a) {
    for (std::size_t b = 0; a + b <= message.size(); ++b)
      ExpectBatch(Cut(message, {a, b}), 300, 70000, "a batch");
  }
}

TEST(ProduceCodecTest, ALargeBatchInOneSliceIsBorrowed) {
  const std::string bytes(100'000, 'x');
  const std::vector<SharedSlice> whole = Cut(BatchMessage(1, {}, bytes), {});
  const auto borrowed = DecodeProduceRequest(whole);
  const auto& batch = std::get<ProduceBatchMessage>(*borrowed).batch;
  EXPECT_GT(batch.view().data(), whole[0].view().data());
  EXPECT_LT(batch.view().data(), whole[0].view().data() + whole[0].size());

  // The usual case of the network: the header fields end one slice, the batch fills the next.
  const std::string message = BatchMessage(1, {}, bytes);
  const std::vector<SharedSlice> two = Cut(message, {message.size() - bytes.size()});
  const auto second = DecodeProduceRequest(two);
  EXPECT_EQ(std::get<ProduceBatchMessage>(*second).batch.view().data(), two[1].view().data());
}

TEST(ProduceCodecTest, ASmallBatchDoesNotKeepItsBufferAlive) {
  const std::vector<SharedSlice> slices = Cut(BatchMessage(1, {}, std::string(100, 'x')), {});
  const auto decoded = DecodeProduceRequest(slices);
  EXPECT_EQ(slices[0].owner().use_count(), 1);
}

TEST(ProduceCodecTest, TheLastOfAOneofCountsAndTheSameOneMerges) {
  const std::string batch = Delimited(2, Number(1, 5) + Delimited(3, "b"));
  const auto last = DecodeProduceRequest(Cut(batch + Delimited(3, ""), {}));
  EXPECT_TRUE(std::holds_alternative<ProduceRestart>(*last));
  ExpectBatch(Cut(Delimited(3, "") + batch, {}), 5, std::nullopt, "b");
  ExpectBatch(Cut(Delimited(2, Number(2, 6)) + batch, {}), 5, 6, "b");
  // Replaced in between, what came before is gone.
  ExpectBatch(Cut(Delimited(2, Number(2, 6)) + Delimited(3, "") + batch, {}), 5, std::nullopt, "b");
}

// A field's number with another wire type is another field: unknown, skipped.
TEST(ProduceCodecTest, AFieldOfAnotherWireTypeIsUnknown) {
  const std::string fixed64 = std::string("\x09", 1) + std::string(8, '\x09') + "\x15" + "....";
  const std::string message = Delimited(2, Number(1, 5) + fixed64 + Delimited(3, "x"));
  v1::ProduceRequest request;
  ASSERT_TRUE(request.ParseFromString(message));
  EXPECT_EQ(request.batch().batch_id(), 5u);
  EXPECT_FALSE(request.batch().has_expected_offset());
  ExpectBatch(Cut(message, {}), 5, std::nullopt, "x");
}

TEST(ProduceCodecTest, AgreesWithProtobufOnEveryKind) {
  const std::string pieces[] = {Delimited(1, Delimited(1, "t")),
                                Delimited(1, Number(2, 4)),
                                Delimited(2, Number(1, 5)),
                                Delimited(2, Number(2, 6)),
                                Delimited(2, Delimited(3, "bytes")),
                                Delimited(3, ""),
                                Number(2, 1),
                                Delimited(9, "x")};
  std::mt19937 random(20);
  for (int round = 0; round < 3000; ++round) {
    std::string message;
    for (std::size_t i = random() % 6; i > 0; --i) message += pieces[random() % std::size(pieces)];
    v1::ProduceRequest theirs;
    ASSERT_TRUE(theirs.ParseFromString(message));
    const auto ours = DecodeProduceRequest(Cut(message, {random() % (message.size() + 1)}));
    ASSERT_EQ(ours.ok(), theirs.kind_case() != v1::ProduceRequest::KIND_NOT_SET);
    if (!ours.ok()) continue;
    if (const auto* open = std::get_if<ProduceOpen>(&*ours)) {
      ASSERT_TRUE(theirs.has_open());
      EXPECT_EQ(open->partition.topic, theirs.open().topic());
      EXPECT_EQ(open->partition.partition, theirs.open().partition());
    } else if (const auto* batch = std::get_if<ProduceBatchMessage>(&*ours)) {
      ASSERT_TRUE(theirs.has_batch());
      EXPECT_EQ(batch->batch_id, theirs.batch().batch_id());
      EXPECT_EQ(batch->expected_offset.has_value(), theirs.batch().has_expected_offset());
      EXPECT_EQ(AsText(batch->batch.view()), theirs.batch().batch());
    } else {
      ASSERT_TRUE(theirs.has_restart());
    }
  }
}

TEST(ProduceCodecTest, WhatIsNotAMessageIsInvalid) {
  const std::string messages[] = {
      "",                            // Nothing.
      Delimited(9, "x"),             // Nothing we know.
      Number(2, 1),                  // batch as a number.
      Delimited(1, "\xff"),          // open that is no message,
      Delimited(1, "\x0a\x01\xff"),  // with a topic that is no text.
      Delimited(2,
                "\x1a\x05"
                "abc"),  // A batch that claims more than there is.
      BatchMessage(1, 2, "abc").substr(0, 5),
  };
  for (const std::string& message : messages) {
    const auto decoded = DecodeProduceRequest(Cut(message, {2}));
    ASSERT_FALSE(decoded.ok()) << testing::PrintToString(message);
    EXPECT_EQ(decoded.error().code(), ErrorCode::kInvalidArgument);
  }
}

TEST(ProduceCodecTest, GarbageIsRefusedOrDecodedButNeverMore) {
  std::mt19937 random(7);
  const std::string good = BatchMessage(77, 5, std::string(60, 'p')) + Delimited(1, "\x0a\x01t");
  for (int round = 0; round < 20'000; ++round) {
    std::string message = good;
    for (std::size_t flips = 1 + random() % 4; flips > 0; --flips)
      message[random() % message.size()] = static_cast<char>(random());
    message.resize(random() % (message.size() + 1));
    const auto decoded =
        DecodeProduceRequest(Cut(message, {random() % 20, random() % 20, random() % 20}));
    if (!decoded.ok()) continue;
    if (const auto* batch = std::get_if<ProduceBatchMessage>(&*decoded)) {
      EXPECT_LE(batch->batch.size(), message.size());
    }
  }
}

TEST(ProduceCodecTest, AnswersCarryResultsAndErrors) {
  AppendResult done;
  done.base_offset = 42;
  done.leader_epoch = 3;
  done.durability = Durability::kFsync;
  done.duplicate = true;
  done.append_time = 1234;
  std::vector<ProduceAnswer> answers;
  answers.push_back({7, done});
  answers.push_back({8, Error(ErrorCode::kUnexpectedOffset, "the log ends at 50")
                            .With("log_end_offset", std::int64_t{50})});
  v1::ProduceResponse response;
  ASSERT_TRUE(response.ParseFromString(std::string(AsText(EncodeProduceResponse(answers)))));
  ASSERT_EQ(response.results_size(), 2);
  const auto& first = response.results(0);
  EXPECT_EQ(first.batch_id(), 7u);
  EXPECT_EQ(first.base_offset(), 42);
  EXPECT_EQ(first.leader_epoch(), 3);
  EXPECT_EQ(first.durability(), v1::DURABILITY_FSYNC);
  EXPECT_TRUE(first.duplicate());
  EXPECT_EQ(first.append_time_ms(), 1234);
  EXPECT_FALSE(first.has_error());
  const auto& second = response.results(1);
  EXPECT_EQ(second.batch_id(), 8u);
  EXPECT_EQ(second.base_offset(), -1);
  EXPECT_EQ(second.error().reason(), "UNEXPECTED_OFFSET");
  EXPECT_EQ(second.error().metadata().at("log_end_offset"), "50");
  EXPECT_FALSE(second.error().retriable());
}

std::string Join(const std::vector<SharedSlice>& slices) {
  std::string text;
  for (const SharedSlice& slice : slices) text += AsText(slice.view());
  return text;
}

TEST(ProduceCodecTest, AFetchResultIsBothResponses) {
  FetchResult result;
  result.next_offset = 1'000'000;
  result.high_watermark = 2'000'000;
  result.log_start_offset = 5;
  result.leader_epoch = 9;
  std::string expected;
  for (const std::size_t size : {10u, 5000u, 20u, 30u, 70'000u, 1u}) {
    const std::string batch(size, static_cast<char>('a' + size % 26));
    expected += batch;
    result.batches.push_back(SharedSlice::Copy(AsBytes(batch)));
  }
  const std::vector<SharedSlice> slices = EncodeFetchResult(result);
  v1::FetchResponse fetch;
  v1::TailResponse tail;
  ASSERT_TRUE(fetch.ParseFromString(Join(slices)));
  ASSERT_TRUE(tail.ParseFromString(Join(slices)));
  EXPECT_EQ(fetch.batches(), expected);
  EXPECT_EQ(tail.batches(), expected);
  EXPECT_EQ(fetch.next_offset(), 1'000'000);
  EXPECT_EQ(tail.high_watermark(), 2'000'000);
  EXPECT_EQ(fetch.log_start_offset(), 5);
  EXPECT_EQ(tail.leader_epoch(), 9);
  // Large batches are the log's own bytes, small neighbours share a slice.
  EXPECT_EQ(slices.size(), 5u);
  EXPECT_EQ(slices[1].view().data(), result.batches[1].view().data());
  EXPECT_EQ(slices[3].view().data(), result.batches[4].view().data());
}

TEST(ProduceCodecTest, AFetchResultWithoutBatchesAndEpochIsReadable) {
  FetchResult result;
  v1::TailResponse tail;
  ASSERT_TRUE(tail.ParseFromString(Join(EncodeFetchResult(result))));
  EXPECT_TRUE(tail.batches().empty());
  EXPECT_EQ(tail.next_offset(), 0);
  EXPECT_EQ(tail.leader_epoch(), kNoEpoch);
}

}  // namespace
}  // namespace qalam
