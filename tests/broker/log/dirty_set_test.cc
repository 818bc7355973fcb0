#include "broker/log/dirty_set.h"

#include <gtest/gtest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/memory_file_system.h"

namespace qalam {
namespace {

class DirtySetTest : public ::testing::Test {
 protected:
  DirtySetTest() { EXPECT_TRUE(fs_.CreateDirectory("/log").ok()); }
  std::unique_ptr<DirtySet> Open(FileSystem& fs) {
    auto opened = DirtySet::Open(fs, "/log");
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }
  MemoryFileSystem fs_;
};

TEST_F(DirtySetTest, WhatWasAddedSurvivesACrashAndWasSyncedOnce) {
  auto set = Open(fs_);
  EXPECT_TRUE(set->empty());
  ASSERT_TRUE(set->Add({"orders-0"}).ok());
  ASSERT_TRUE(set->Add({"orders-1"}).ok());
  const std::uint64_t syncs = fs_.syncs();
  ASSERT_TRUE(set->Add({"orders-0"}).ok());
  EXPECT_EQ(fs_.syncs(), syncs) << "it is there already";
  fs_.Crash();
  set = Open(fs_);
  EXPECT_TRUE(set->Contains("orders-0"));
  EXPECT_TRUE(set->Contains("orders-1"));
  EXPECT_FALSE(set->Contains("orders-2"));
}

TEST_F(DirtySetTest, ManyAreAddedWithOneSync) {
  auto set = Open(fs_);
  ASSERT_TRUE(set->Add({"orders-0"}).ok());
  const std::uint64_t syncs = fs_.syncs();
  ASSERT_TRUE(set->Add({"orders-1", "orders-0", "orders-2"}).ok());
  EXPECT_EQ(fs_.syncs(), syncs + 1);
  ASSERT_TRUE(set->Add({}).ok());
  ASSERT_TRUE(set->Add({"orders-2", "orders-1"}).ok());
  EXPECT_EQ(fs_.syncs(), syncs + 1) << "they are there already";
  fs_.Crash();
  set = Open(fs_);
  for (const char* name : {"orders-0", "orders-1", "orders-2"}) {
    EXPECT_TRUE(set->Contains(name)) << name;
  }
  EXPECT_FALSE(set->Contains("orders-3"));
}

TEST_F(DirtySetTest, WhatAFullDiskTookOfManyIsCutBeforeTheNextIsAdded) {
  auto set = Open(fs_);
  ASSERT_TRUE(set->Add({"a-0"}).ok());
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back("orders-" + std::to_string(i));
  fs_.SetFreeBytes(8192);
  const Status full = set->Add(many);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), ErrorCode::kNoSpace);
  EXPECT_FALSE(set->Contains("orders-0"));
  fs_.SetFreeBytes(std::uint64_t{1} << 20);
  ASSERT_TRUE(set->Add({"longer-than-the-others-0"}).ok());
  set = Open(fs_);
  EXPECT_TRUE(set->Contains("longer-than-the-others-0"));
  EXPECT_FALSE(set->Contains("orders-0"));
  EXPECT_FALSE(set->Contains("orders-100")) << "not damaged";
}

TEST_F(DirtySetTest, ResetAndRemoveTakeNamesAway) {
  auto set = Open(fs_);
  for (const char* name : {"a-0", "b-0", "c-0"}) ASSERT_TRUE(set->Add({name}).ok());
  ASSERT_TRUE(set->Remove({"a-0", "x-9"}).ok());
  EXPECT_FALSE(Open(fs_)->Contains("a-0"));
  EXPECT_TRUE(Open(fs_)->Contains("b-0"));
  ASSERT_TRUE(set->Reset({"c-0"}).ok());
  fs_.Crash();
  set = Open(fs_);
  EXPECT_FALSE(set->Contains("b-0"));
  EXPECT_TRUE(set->Contains("c-0"));
  ASSERT_TRUE(set->Add({"d-0"}).ok());
  set = Open(fs_);
  EXPECT_TRUE(set->Contains("c-0"));
  EXPECT_TRUE(set->Contains("d-0"));
}

TEST_F(DirtySetTest, ATornLastLineIsDropped) {
  auto set = Open(fs_);
  ASSERT_TRUE(set->Add({"a-0"}).ok());
  Bytes content = fs_.Content("/log/dirty-partitions");
  const Bytes whole = content;
  content.resize(content.size() + 700);  // The size got there, the bytes did not.
  fs_.SetContent("/log/dirty-partitions", content);
  set = Open(fs_);
  EXPECT_TRUE(set->Contains("a-0"));
  EXPECT_FALSE(set->Contains("b-0"));
  ASSERT_TRUE(set->Add({"b-0"}).ok());
  EXPECT_TRUE(Open(fs_)->Contains("b-0"));
  content = fs_.Content("/log/dirty-partitions");
  content.resize(content.size() - 1);
  fs_.SetContent("/log/dirty-partitions", content);
  EXPECT_FALSE(Open(fs_)->Contains("b-0")) << "not promised: its line was cut";
}

TEST_F(DirtySetTest, ADamagedLinePutsEverythingInDoubt) {
  auto set = Open(fs_);
  for (const char* name : {"a-0", "b-0", "c-0"}) ASSERT_TRUE(set->Add({name}).ok());
  const Bytes good = fs_.Content("/log/dirty-partitions");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    fs_.SetContent("/log/dirty-partitions", bad);
    set = Open(fs_);
    for (const char* name : {"a-0", "b-0"}) {
      EXPECT_TRUE(set->Contains(name)) << "bit " << bit;
    }
    EXPECT_FALSE(set->empty());
  }
  ASSERT_TRUE(set->Reset({"a-0"}).ok());
  EXPECT_FALSE(Open(fs_)->Contains("b-0"));
}

TEST_F(DirtySetTest, StoppedAnywhereNothingThatWasPromisedIsForgotten) {
  for (std::uint64_t n = 1; n < 40; ++n) {
    MemoryFileSystem fs;
    ASSERT_TRUE(fs.CreateDirectory("/log").ok());
    std::set<std::string> promised;
    {
      FaultFileSystem faults(fs);
      auto set = Open(faults);
      faults.StopAtChange(n, FaultFileSystem::Extent::kHalf);
      for (int i = 0; i < 6; ++i) {
        const std::string name = "topic-" + std::to_string(i);
        if (set->Add({name, "with-" + name}).ok()) promised.insert({name, "with-" + name});
      }
      if (set->Remove({"topic-0"}).ok() && promised.size() == 12) promised.erase("topic-0");
    }
    fs.Crash(n);
    auto set = Open(fs);
    for (const std::string& name : promised) {
      if (name != "topic-0") {
        EXPECT_TRUE(set->Contains(name)) << n;
      }
    }
  }
}

}  // namespace
}  // namespace qalam
