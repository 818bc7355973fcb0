#include "broker/http/record_merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "common/record/batch_builder.h"

namespace qalam {
namespace {

struct Sent {
  TimestampMs timestamp = 0;
  std::string value;
};

// Logs of batches, read as a broker reads them: whole batches, the first in any case.
class Topic {
 public:
  explicit Topic(std::size_t partitions) : logs_(partitions) {}

  void Append(std::size_t partition, const std::vector<Sent>& records,
              CompressionType compression = CompressionType::kNone) {
    BatchBuilder builder;
    for (const Sent& record : records) {
      builder.Add(record.timestamp, std::nullopt, AsBytes(record.value));
    }
    BatchBuilder::Trailer trailer;
    trailer.compression = compression;
    Bytes batch = builder.Finish(trailer);
    Log& log = logs_[partition];
    StampBatch(std::span(batch).first<kBatchHeaderBytes>(), log.end, 7);
    log.end += static_cast<Offset>(records.size());
    log.batches.push_back(std::move(batch));
  }
  void Trim(std::size_t partition, Offset start) { logs_[partition].start = start; }
  void Break(std::size_t partition) { logs_[partition].broken = true; }
  Result<FetchResult> Read(const FetchRequest& request) {
    ++reads;
    const Log& log = logs_[static_cast<std::size_t>(request.partition.partition)];
    if (log.broken) return Error(ErrorCode::kCorruption, "bad disk");
    if (request.offset < log.start) {
      return Error(ErrorCode::kOffsetOutOfRange, "gone").With("log_start_offset", log.start);
    }
    FetchResult result;
    std::size_t bytes = 0;
    for (const Bytes& batch : log.batches) {
      if (BatchHeader::Decode(batch).next_offset() <= request.offset) continue;
      bytes += batch.size();
      if (!result.batches.empty() && bytes > request.bytes_max) break;
      result.batches.push_back(SharedSlice::Copy(batch));
    }
    return result;
  }
  std::vector<PartitionRange> Whole() const {
    std::vector<PartitionRange> ranges;
    for (std::size_t i = 0; i < logs_.size(); ++i) {
      ranges.push_back({static_cast<PartitionId>(i), logs_[i].start, logs_[i].end});
    }
    return ranges;
  }
  RecordPage Page(const RecordQuery& query, std::vector<PartitionRange> ranges) {
    RecordMerge merge(query, std::move(ranges));
    while (const auto request = merge.Next()) merge.Take(Read(*request));
    return merge.Finish();
  }

  int reads = 0;

 private:
  struct Log {
    std::vector<Bytes> batches;
    Offset start = 0;
    Offset end = 0;
    bool broken = false;
  };
  std::vector<Log> logs_;
};

RecordQuery Query(bool newest_first, std::size_t limit, const std::string& contains = "") {
  RecordQuery query;
  query.topic = "orders";
  query.newest_first = newest_first;
  query.limit = limit;
  query.match.contains = contains;
  return query;
}

std::string ValuesOf(const RecordPage& page) {
  std::string values;
  for (const std::string& record : page.records) {
    values +=
        (values.empty() ? "" : " ") + nlohmann::json::parse(record)["value"].get<std::string>();
  }
  return values;
}

TEST(RecordMergeTest, PartitionsAreMergedByTimeInBothDirections) {
  Topic topic(2);
  topic.Append(0, {{10, "a"}, {40, "d"}});
  topic.Append(0, {{50, "e"}});
  topic.Append(1, {{20, "b"}, {30, "c"}, {60, "f"}}, CompressionType::kZstd);
  const RecordPage oldest = topic.Page(Query(false, 10), topic.Whole());
  EXPECT_EQ(ValuesOf(oldest), "a b c d e f");
  EXPECT_TRUE(oldest.complete);
  EXPECT_TRUE(oldest.rest.empty());
  EXPECT_EQ(oldest.scanned, 6u);
  const RecordPage newest = topic.Page(Query(true, 10), topic.Whole());
  EXPECT_EQ(ValuesOf(newest), "f e d c b a");
  EXPECT_TRUE(newest.rest.empty());
}

TEST(RecordMergeTest, APageEndsAtItsLimitAndTheNextGoesOn) {
  Topic topic(2);
  topic.Append(0, {{10, "a"}, {40, "d"}, {50, "e"}});
  topic.Append(1, {{20, "b"}, {30, "c"}, {60, "f"}});
  const RecordPage first = topic.Page(Query(true, 2), topic.Whole());
  EXPECT_EQ(ValuesOf(first), "f e");
  EXPECT_TRUE(first.complete);
  EXPECT_EQ(first.rest, (std::vector<PartitionRange>{{0, 0, 2}, {1, 0, 2}}));
  const RecordPage second = topic.Page(Query(true, 3), first.rest);
  EXPECT_EQ(ValuesOf(second), "d c b");
  const RecordPage third = topic.Page(Query(true, 3), second.rest);
  EXPECT_EQ(ValuesOf(third), "a");
  EXPECT_TRUE(third.rest.empty());
}

TEST(RecordMergeTest, ALateRecordStaysBehindTheOneBeforeIt) {
  Topic topic(2);
  topic.Append(0, {{30, "a"}, {10, "b"}, {50, "c"}});
  topic.Append(1, {{20, "x"}, {40, "y"}});
  EXPECT_EQ(ValuesOf(topic.Page(Query(false, 10), topic.Whole())), "x a b y c");
  EXPECT_EQ(ValuesOf(topic.Page(Query(true, 10), topic.Whole())), "c y x b a");
}

TEST(RecordMergeTest, AnEmptyRangeHasNothing) {
  Topic topic(1);
  const RecordPage page = topic.Page(Query(true, 10), topic.Whole());
  EXPECT_TRUE(page.records.empty());
  EXPECT_TRUE(page.complete);
  EXPECT_TRUE(page.rest.empty());
  EXPECT_EQ(topic.reads, 0);
}

TEST(RecordMergeTest, OneOffsetIsOneRecordOfItsBatch) {
  Topic topic(1);
  topic.Append(0, {{1, "a"}, {2, "b"}, {3, "c"}});
  EXPECT_EQ(ValuesOf(topic.Page(Query(false, 1), {{0, 1, 2}})), "b");
}

// 20,000 small records before some of 300 KB: the window that fits the former does not the latter.
TEST(RecordMergeTest, TheNewestAreFoundWithoutReadingTheLog) {
  Topic topic(1);
  for (int i = 0; i < 200; ++i) topic.Append(0, std::vector<Sent>(100, Sent{i, "small"}));
  for (int i = 0; i < 20; ++i) topic.Append(0, {{1000 + i, std::string(300'000, 'x')}});
  const RecordPage page = topic.Page(Query(true, 30), topic.Whole());
  ASSERT_EQ(page.records.size(), 30u);
  EXPECT_EQ(nlohmann::json::parse(page.records[19])["truncated"], true);
  EXPECT_EQ(nlohmann::json::parse(page.records[20])["value"], "small");
  EXPECT_LT(page.scanned, 3'000u);
  EXPECT_LT(topic.reads, 30);
}

TEST(RecordMergeTest, WorkIsBoundedAndGoesOn) {
  Topic topic(2);
  for (int i = 0; i < 100; ++i) {
    topic.Append(0, {{i, std::string(50'000, 'x')}});
    topic.Append(1, {{i, std::string(50'000, 'y')}});
  }
  topic.Append(1, {{200, "needle"}});
  RecordQuery query = Query(false, 5, "needle");
  query.scanned_bytes_max = 1 << 20;
  std::vector<PartitionRange> ranges = topic.Whole();
  int pages = 0;
  while (true) {
    const RecordPage page = topic.Page(query, ranges);
    ASSERT_LT(++pages, 20);
    EXPECT_LT(page.scanned, 50u);
    if (page.records.empty()) {
      EXPECT_FALSE(page.complete);
      ASSERT_FALSE(page.rest.empty());
      ranges = page.rest;
      continue;
    }
    EXPECT_EQ(ValuesOf(page), "needle");
    EXPECT_TRUE(page.rest.empty());
    break;
  }
  EXPECT_GT(pages, 5);
}

TEST(RecordMergeTest, WhatUnpacksToTooMuchIsLeftOutAndSaid) {
  Topic topic(1);
  topic.Append(0, {{1, "a"}});
  topic.Append(0, {{2, std::string(1 << 20, 'x')}}, CompressionType::kZstd);
  topic.Append(0, {{3, "c"}});
  for (const bool newest_first : {false, true}) {
    RecordQuery query = Query(newest_first, 10);
    query.unpacked_bytes_max = 1 << 16;
    const RecordPage page = topic.Page(query, topic.Whole());
    EXPECT_EQ(ValuesOf(page), newest_first ? "c a" : "a c");
    ASSERT_EQ(page.problems.size(), 1u);
    EXPECT_NE(page.problems[0].find("partition 0: offsets 1 to 1: DECOMPRESSION_LIMIT"),
              std::string::npos)
        << page.problems[0];
  }
}

TEST(RecordMergeTest, WhatWasTrimmedMeanwhileIsPassedOver) {
  for (const bool newest_first : {false, true}) {
    Topic topic(1);
    topic.Append(0, {{1, "a"}});
    topic.Append(0, {{2, "b"}});
    const auto ranges = topic.Whole();
    topic.Trim(0, 1);
    const RecordPage page = topic.Page(Query(newest_first, 10), ranges);
    EXPECT_EQ(ValuesOf(page), "b");
    EXPECT_TRUE(page.rest.empty());
    EXPECT_TRUE(page.problems.empty());
  }
}

TEST(RecordMergeTest, ABadPartitionDoesNotHideTheOthers) {
  for (const bool newest_first : {false, true}) {
    Topic topic(2);
    topic.Append(0, {{1, "a"}});
    topic.Append(1, {{2, "b"}});
    topic.Break(0);
    const RecordPage page = topic.Page(Query(newest_first, 10), topic.Whole());
    EXPECT_EQ(ValuesOf(page), "b");
    EXPECT_TRUE(page.rest.empty());
    ASSERT_EQ(page.problems.size(), 1u);
    EXPECT_NE(page.problems[0].find("CORRUPTION"), std::string::npos);
  }
}

// Random logs, read page by page with little work allowed: each partition's records that match come
// once, in order; and, as their times are unique and rise, all of them in the order of time.
TEST(RecordMergeTest, PagesTogetherAreTheWholeTruth) {
  std::mt19937 random(20'260'101);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 60; ++round) {
    const std::size_t partitions = 1 + below(4);
    Topic topic(partitions);
    struct Expected {
      TimestampMs at;
      std::string value;
    };
    std::vector<Expected> expected;
    TimestampMs now = 1000;
    for (std::size_t batch = below(60); batch > 0; --batch) {
      const std::size_t partition = below(partitions);
      std::vector<Sent> records;
      for (std::size_t i = 1 + below(20); i > 0; --i) {
        now += 1 + static_cast<TimestampMs>(below(5));
        const bool match = below(3) != 0;
        const std::string value = (match ? "yes-" : "no-") + std::to_string(now) + "-" +
                                  std::string(below(4) == 0 ? 2000 : 5, 'x');
        records.push_back({now, value});
        if (match) expected.push_back({now, value});
      }
      topic.Append(partition, records,
                   below(2) == 0 ? CompressionType::kNone : CompressionType::kLz4);
    }
    const bool newest_first = below(2) == 0;
    if (newest_first) std::reverse(expected.begin(), expected.end());
    RecordQuery query = Query(newest_first, 1 + below(10), "yes-");
    query.scanned_bytes_max = 400'000;
    std::vector<std::string> values;
    std::vector<PartitionRange> ranges = topic.Whole();
    for (int pages = 0;; ++pages) {
      ASSERT_LT(pages, 2000) << "round " << round;
      const RecordPage page = topic.Page(query, ranges);
      EXPECT_LE(page.records.size(), query.limit);
      for (const std::string& record : page.records) {
        values.push_back(nlohmann::json::parse(record)["value"]);
      }
      if (page.rest.empty()) break;
      ranges = page.rest;
    }
    ASSERT_EQ(values.size(), expected.size()) << "round " << round;
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(values[i], expected[i].value) << "round " << round << " record " << i;
    }
  }
}

}  // namespace
}  // namespace qalam
