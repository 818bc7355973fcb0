#include "broker/wire/figures_codec.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "broker/wire/json_text.h"

namespace qalam {
namespace {

BrokerFigures SomeFigures() {
  BrokerFigures figures;
  figures.at_ms = 1'700'000'000'000;
  figures.readers_parked = 3;
  WriterFigures writer;
  writer.number = 1;
  writer.queue_depth = 7;
  writer.sync_seconds = {{0.001, 0.004}, {3, 2, 1}, 0.25};
  writer.refused = {{"OVERLOADED", 4}};
  figures.writers.push_back(writer);
  PartitionFigures partition;
  partition.partition = {"orders", 2};
  partition.records = 10;
  partition.high_watermark = 9;
  partition.leader = 1;
  partition.leader_epoch = 4;
  partition.writer_thread = 1;
  figures.partitions.push_back(partition);
  return figures;
}

nlohmann::json ProtobufsJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &text, options).ok());
  return nlohmann::json::parse(text);
}

TEST(FiguresCodecTest, EverythingIsThere) {
  v1::ReadFiguresResponse out;
  ToProto(SomeFigures(), false, out);
  EXPECT_EQ(out.at_ms(), 1'700'000'000'000);
  EXPECT_EQ(out.parked_readers(), 3u);
  ASSERT_EQ(out.writers_size(), 1);
  EXPECT_EQ(out.writers(0).queue_depth(), 7u);
  EXPECT_EQ(out.writers(0).sync_seconds().counts_size(), 3);
  EXPECT_EQ(out.writers(0).refused().at("OVERLOADED"), 4u);
  ASSERT_EQ(out.partitions_size(), 1);
  EXPECT_EQ(out.partitions(0).topic(), "orders");
  EXPECT_EQ(out.partitions(0).records(), 10u);
  EXPECT_EQ(out.partitions(0).leader_epoch(), 4);
  EXPECT_EQ(out.partitions(0).status(), "ok");
}

TEST(FiguresCodecTest, PartitionsAreLeftOutOnRequest) {
  v1::ReadFiguresResponse out;
  ToProto(SomeFigures(), true, out);
  EXPECT_EQ(out.writers_size(), 1);
  EXPECT_EQ(out.partitions_size(), 0);
}

TEST(FiguresCodecTest, JsonIsWhatProtobufMakesOfTheMessage) {
  BrokerFigures figures = SomeFigures();
  figures.writers.emplace_back();
  figures.partitions.emplace_back();
  figures.partitions.back().status = "offline: IO_ERROR: \"x\" \n \xc3\xa9";
  figures.partitions.back().offline = true;
  for (const bool writers_only : {false, true}) {
    v1::ReadFiguresResponse message;
    ToProto(figures, writers_only, message);
    EXPECT_EQ(nlohmann::json::parse(ToJsonText(figures, writers_only)), ProtobufsJson(message));
  }
  StreamList streams;
  streams.count = 3;
  streams.streams.push_back({"tail", {"orders", 1}, {"a \"b\" \xff", "grpc", "unix:uid=0"}, 6});
  streams.streams.emplace_back();
  v1::ListStreamsResponse message;
  ToProto(streams, message);
  EXPECT_EQ(nlohmann::json::parse(ToJsonText(streams)), ProtobufsJson(message));
}

TEST(FiguresCodecTest, JsonStaysValidWhateverAStatusSays) {
  BrokerFigures figures = SomeFigures();
  figures.partitions.back().status = "\xff\x01\"";
  EXPECT_TRUE(nlohmann::json::accept(ToJsonText(figures, false)));
}

TEST(FiguresCodecTest, StreamsShowWhatClientsChosePrintableAndShort) {
  StreamList list;
  list.count = 2;
  list.streams.push_back(
      {"produce", {"a\xff", 0}, {std::string(5000, 'x'), "grpc", "ipv4:127.0.0.1:1"}, 5});
  list.streams.push_back({"tail", {"orders", 1}, {"\x1b[2J", "grpc", "unix:"}, 6});
  v1::ListStreamsResponse out;
  ToProto(list, out);
  EXPECT_EQ(out.count(), 2u);
  EXPECT_EQ(out.streams(0).topic(), "a\\xff");
  EXPECT_LE(out.streams(0).client_id().size(), 256u);
  EXPECT_EQ(out.streams(1).client_id(), "\\x1b[2J");
  EXPECT_EQ(out.streams(1).opened_ms(), 6);
}

TEST(FiguresCodecTest, ALimitHasBounds) {
  EXPECT_EQ(StreamsLimit(0).value(), 1'000u);
  EXPECT_EQ(StreamsLimit(10'000).value(), 10'000u);
  EXPECT_FALSE(StreamsLimit(10'001).ok());
  EXPECT_FALSE(StreamsLimit(-1).ok());
}

}  // namespace
}  // namespace qalam
