#include "broker/wire/log_codec.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

TEST(LogCodecTest, AnAppendRequestArrivesWhole) {
  v1::AppendRequest request;
  request.set_topic("orders");
  request.set_partition(2);
  request.set_acks(v1::ACKS_LEADER);
  request.set_expected_offset(0);
  request.set_producer_id(5);
  request.set_producer_epoch(6);
  request.set_base_sequence(7);
  auto& record = *request.add_records();
  record.set_key("k");
  record.set_value("");
  record.set_timestamp_ms(1000);
  record.add_headers()->set_key("null");
  auto& header = *record.add_headers();
  header.set_key("h");
  header.set_value("v");
  request.add_records();  // Null key, null value, now.

  const auto decoded = FromProto(request);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->partition, (TopicPartition{"orders", 2}));
  EXPECT_EQ(decoded->acks, Acks::kLeader);
  EXPECT_EQ(decoded->expected_offset, 0);
  EXPECT_EQ(decoded->producer_id, 5);
  EXPECT_EQ(decoded->producer_epoch, 6);
  EXPECT_EQ(decoded->base_sequence, 7);
  ASSERT_EQ(decoded->records.size(), 2u);
  EXPECT_EQ(AsText(*decoded->records[0].key), "k");
  EXPECT_TRUE(decoded->records[0].value->empty());
  EXPECT_EQ(decoded->records[0].timestamp, 1000);
  ASSERT_EQ(decoded->records[0].headers.size(), 2u);
  EXPECT_FALSE(decoded->records[0].headers[0].value.has_value());
  EXPECT_EQ(AsText(*decoded->records[0].headers[1].value), "v");
  EXPECT_FALSE(decoded->records[1].key.has_value());
  EXPECT_FALSE(decoded->records[1].value.has_value());
  EXPECT_FALSE(decoded->records[1].timestamp.has_value());
}

TEST(LogCodecTest, WhatIsAbsentStaysAbsent) {
  const auto decoded = FromProto(v1::AppendRequest());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->acks, Acks::kAll);
  EXPECT_FALSE(decoded->expected_offset || decoded->producer_id || decoded->producer_epoch ||
               decoded->base_sequence);
}

TEST(LogCodecTest, AProducerEpochOutOfRangeIsInvalid) {
  for (const int epoch : {-1, 32768, INT32_MAX, INT32_MIN}) {
    v1::AppendRequest request;
    request.set_producer_epoch(epoch);
    const auto decoded = FromProto(request);
    ASSERT_FALSE(decoded.ok()) << epoch;
    EXPECT_EQ(decoded.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(decoded.error().detail("field"), "producer_epoch");
  }
}

TEST(LogCodecTest, EveryAcksAndDurabilityHasItsWord) {
  EXPECT_EQ(*FromProto(v1::ACKS_UNSPECIFIED), Acks::kAll);
  EXPECT_EQ(*FromProto(v1::ACKS_ALL), Acks::kAll);
  EXPECT_EQ(*FromProto(v1::ACKS_LEADER), Acks::kLeader);
  EXPECT_EQ(*FromProto(v1::ACKS_NONE), Acks::kNone);
  EXPECT_EQ(FromProto(static_cast<v1::Acks>(99)).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ToProto(Durability::kMemory), v1::DURABILITY_MEMORY);
  EXPECT_EQ(ToProto(Durability::kOs), v1::DURABILITY_OS);
  EXPECT_EQ(ToProto(Durability::kFsync), v1::DURABILITY_FSYNC);
}

TEST(LogCodecTest, AFetchRequestHasDefaults) {
  v1::FetchRequest request;
  request.set_topic("t");
  request.set_partition(1);
  request.set_offset(9);
  EXPECT_EQ(FromProto(request).bytes_max, std::size_t{1} << 20);
  EXPECT_EQ(FromProto(request).wait_max.count(), 0);
  request.set_max_bytes(-5);
  request.set_max_wait_ms(-5);
  EXPECT_EQ(FromProto(request).bytes_max, std::size_t{1} << 20);
  EXPECT_EQ(FromProto(request).wait_max.count(), 0);
  request.set_max_bytes(100);
  request.set_max_wait_ms(200);
  EXPECT_EQ(FromProto(request).bytes_max, 100u);
  EXPECT_EQ(FromProto(request).wait_max.count(), 200);
  EXPECT_EQ(FromProto(request).offset, 9);
}

TEST(LogCodecTest, OffsetQueriesOfEveryKind) {
  v1::ListOffsetsRequest request;
  request.add_queries()->set_timestamp_ms(77);
  request.add_queries()->set_earliest(true);
  request.add_queries()->set_latest(true);
  request.add_queries()->set_max_timestamp(true);
  request.mutable_queries(3)->set_partition(5);
  const auto queries = FromProto(request);
  ASSERT_TRUE(queries.ok());
  ASSERT_EQ(queries->size(), 4u);
  EXPECT_EQ((*queries)[0].at, OffsetQuery::At::kTimestamp);
  EXPECT_EQ((*queries)[0].timestamp, 77);
  EXPECT_EQ((*queries)[1].at, OffsetQuery::At::kEarliest);
  EXPECT_EQ((*queries)[2].at, OffsetQuery::At::kLatest);
  EXPECT_EQ((*queries)[3].at, OffsetQuery::At::kMaxTimestamp);
  EXPECT_EQ((*queries)[3].partition, 5);
  request.add_queries();
  EXPECT_EQ(FromProto(request).error().detail("field"), "queries.at");
}

TEST(LogCodecTest, OffsetAnswersCarryErrorsOfTheirOwn) {
  std::vector<OffsetAnswer> answers(2);
  answers[0].partition = 1;
  answers[0].offset = 10;
  answers[0].timestamp = 20;
  answers[0].leader_epoch = 3;
  answers[1].error = Error(ErrorCode::kUnknownPartition, "no partition 9");
  v1::ListOffsetsResponse response;
  ToProto(answers, response);
  EXPECT_EQ(response.results(0).offset(), 10);
  EXPECT_EQ(response.results(0).timestamp_ms(), 20);
  EXPECT_EQ(response.results(0).leader_epoch(), 3);
  EXPECT_FALSE(response.results(0).has_error());
  EXPECT_EQ(response.results(1).error().reason(), "UNKNOWN_PARTITION");
}

}  // namespace
}  // namespace qalam
