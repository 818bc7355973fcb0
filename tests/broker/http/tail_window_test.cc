#include "broker/http/tail_window.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/record/batch_builder.h"

namespace qalam {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kMuch = std::size_t{1} << 20;

// One batch of records "KEY-i" => "VALUE-i", from offset `base` on.
SharedSlice Batch(Offset base, int count, const std::string& value = "value",
                  CompressionType compression = CompressionType::kNone) {
  BatchBuilder builder;
  for (int i = 0; i < count; ++i) {
    const std::string key = "key-" + std::to_string(base + i);
    const std::string text = value + "-" + std::to_string(base + i);
    builder.Add(1000 + i, AsBytes(key), AsBytes(text));
  }
  BatchBuilder::Trailer trailer;
  trailer.compression = compression;
  Bytes bytes = builder.Finish(trailer);
  BatchHeader header = BatchHeader::Decode(bytes);
  header.base_offset = base;
  header.leader_epoch = 4;
  header.Encode(std::span<std::byte, kBatchHeaderBytes>(bytes.data(), kBatchHeaderBytes));
  return SharedSlice::Own(std::move(bytes));
}

std::vector<int> Offsets(const json& taken) {
  std::vector<int> offsets;
  for (const json& record : taken["records"]) {
    offsets.push_back(std::stoi(record["offset"].get<std::string>()));
  }
  return offsets;
}

TEST(TailWindowTest, RecordsAreShownAsTheyAre) {
  TailWindow window("t \"x\"", {}, 50);
  EXPECT_FALSE(window.wants_more());
  window.Refill(milliseconds(0), kMuch);
  EXPECT_TRUE(window.wants_more());
  window.Look(3, 11, {Batch(10, 3), Batch(13, 1, "z", CompressionType::kZstd)});
  EXPECT_TRUE(window.has_news());
  const json taken = json::parse(window.Take());
  EXPECT_EQ(Offsets(taken), (std::vector<int>{11, 12, 13}));
  EXPECT_EQ(taken["dropped"], 0);
  EXPECT_EQ(taken["skipped"], 0);
  const json& first = taken["records"][0];
  EXPECT_EQ(first["topic"], "t \"x\"");
  EXPECT_EQ(first["partition"], 3);
  EXPECT_EQ(first["leader_epoch"], 4);
  EXPECT_EQ(first["key"], "key-11");
  EXPECT_EQ(first["value"], "value-11");
  EXPECT_EQ(taken["records"][2]["value"], "z-13");
  EXPECT_FALSE(window.has_news());
}

TEST(TailWindowTest, WhatIsBeyondTheRateIsCounted) {
  TailWindow window("t", {}, 10);
  window.Refill(milliseconds(0), kMuch);
  window.Look(0, 0, {Batch(0, 100)});
  // Half for one partition, the rest for another.
  EXPECT_TRUE(window.wants_more());
  window.Look(1, 0, {Batch(0, 100)});
  window.Look(1, 100, {Batch(100, 100)});
  const json taken = json::parse(window.Take());
  EXPECT_EQ(taken["records"].size() + taken["dropped"].get<std::size_t>(), 300u);
  EXPECT_GE(taken["records"].size(), 8u);
  EXPECT_LE(taken["records"].size(), 10u);
  // Ten a second: after a quarter of one, two or three more.
  while (window.may_show() > 0) window.Look(0, 500, {Batch(500, 1)});
  (void)window.Take();
  EXPECT_FALSE(window.wants_more());
  window.Refill(milliseconds(250), kMuch);
  window.Look(0, 600, {Batch(600, 1)});
  window.Look(0, 601, {Batch(601, 1)});
  window.Look(0, 602, {Batch(602, 1)});
  EXPECT_EQ(json::parse(window.Take())["records"].size(), 2u);
  // However long nothing came, no more than a second's worth comes at once.
  window.Refill(milliseconds(60'000), kMuch);
  EXPECT_EQ(window.may_show(), 10u);
}

TEST(TailWindowTest, AFilterShowsWhatMatchesAndCountsNothingElse) {
  TailWindow window("t", {"value-7", ""}, 50);
  window.Refill(milliseconds(0), kMuch);
  window.Look(0, 0, {Batch(0, 100)});
  const json taken = json::parse(window.Take());
  EXPECT_EQ(Offsets(taken), (std::vector<int>{7, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79}));
  EXPECT_EQ(taken["dropped"], 0);
  TailWindow by_key("t", {"", "key-42"}, 50);
  by_key.Refill(milliseconds(0), kMuch);
  by_key.Look(0, 0, {Batch(0, 100)});
  EXPECT_EQ(Offsets(json::parse(by_key.Take())), std::vector<int>{42});
}

TEST(TailWindowTest, WhatIsNotLookedIntoIsSkippedWhereAFilterCannotTell) {
  TailWindow window("t", {"nothing", ""}, 50);
  window.Refill(milliseconds(0), 100);
  window.Look(0, 0, {Batch(0, 20), Batch(20, 20)});
  EXPECT_FALSE(window.wants_more());
  window.PassOver(5);
  json taken = json::parse(window.Take());
  EXPECT_EQ(taken["dropped"], 0);
  EXPECT_EQ(taken["skipped"], 25);
  TailWindow unfiltered("t", {}, 50);
  unfiltered.PassOver(5);
  EXPECT_EQ(json::parse(unfiltered.Take())["dropped"], 5);
}

TEST(TailWindowTest, AnEventStaysSmallHoweverLargeTheRecords) {
  TailWindow window("t", {}, 1000);
  window.Refill(milliseconds(0), std::size_t{1} << 30);
  const std::string large(10'000, 'x');
  window.Look(0, 0, {Batch(0, 450, large)});
  EXPECT_FALSE(window.wants_more());
  const std::string taken = window.Take();
  EXPECT_LT(taken.size(), TailWindow::kShownBytesMax + 10'000);
  const json parsed = json::parse(taken);
  EXPECT_EQ(parsed["records"].size() + parsed["dropped"].get<std::size_t>(), 450u);
  EXPECT_EQ(parsed["records"][0]["truncated"], true);
}

TEST(TailWindowTest, WhatCouldNotBeSentIsCountedAsDropped) {
  TailWindow window("t", {}, 50);
  window.Refill(milliseconds(0), kMuch);
  window.Look(0, 0, {Batch(0, 3)});
  (void)window.Take();
  window.PutBack(3, 1, 2);
  const json taken = json::parse(window.Take());
  EXPECT_EQ(taken["dropped"], 4);
  EXPECT_EQ(taken["skipped"], 2);
}

TEST(TailWindowTest, DamagedBatchesShowNothing) {
  TailWindow window("t", {}, 50);
  window.Refill(milliseconds(0), kMuch);
  const SharedSlice whole = Batch(0, 3, "v", CompressionType::kLz4);
  Bytes damaged(whole.view().begin(), whole.view().end());
  for (std::size_t i = kBatchHeaderBytes; i < damaged.size(); ++i) damaged[i] ^= std::byte{0x55};
  window.Look(0, 0, {SharedSlice::Own(std::move(damaged)), Batch(3, 1)});
  const json taken = json::parse(window.Take());
  EXPECT_EQ(Offsets(taken), std::vector<int>{3});
  EXPECT_EQ(taken["dropped"], 3);
}

}  // namespace
}  // namespace qalam
