// The files of a small log, byte by byte, as version 1 writes them; and that they are read.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/broker/log/log_fixture.h"

namespace qalam::log_test {
namespace {

constexpr const char* kNames[] = {
    "00000000000000000000.log",
    "00000000000000000000.index",
    "00000000000000000000.timeindex",
    "00000000000000000000.crc",
    "00000000000000000006.log",
    "00000000000000000006.index",
    "00000000000000000006.timeindex",
    "00000000000000000006.crc",
    "00000000000000000006.snapshot",
    "00000000000000000008.snapshot",
    "durable-checkpoint",
    "leader-epoch-checkpoint",
    "partition.metadata",
};

// Hex digits; lines that begin with # are comments. "@N" sets the position to N.
Bytes ReadGolden(const std::string& name) {
  std::ifstream file(std::string(QALAM_GOLDEN_LOG_DIR) + "/" + name + ".hex");
  EXPECT_TRUE(file.good()) << name;
  Bytes bytes;
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    if (line.starts_with('@')) {
      bytes.resize(std::stoul(line.substr(1)));
      continue;
    }
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      bytes.push_back(static_cast<std::byte>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
  }
  return bytes;
}

class GoldenTest : public LogTest {
 protected:
  GoldenTest() { options_.segment_bytes_max = 900; }
  // Two segments, two epochs, one producer; an index entry where the batches need one.
  void Write() {
    CreateAndOpen();
    ASSERT_TRUE(AppendSynced(*log_, {{.records = 2, .value_bytes = 200}}, 1).ok());
    ASSERT_TRUE(AppendSynced(*log_,
                             {{.records = 2,
                               .value_bytes = 10,
                               .producer_id = 4242,
                               .producer_epoch = 3,
                               .base_sequence = 0}},
                             1)
                    .ok());
    ASSERT_TRUE(
        AppendSynced(
            *log_,
            {{.value_bytes = 90, .timestamp = ManualClock::kStartMs + 50}, {.value_bytes = 30}}, 2)
            .ok());
    ASSERT_TRUE(AppendSynced(*log_,
                             {{.records = 2,
                               .value_bytes = 60,
                               .producer_id = 4242,
                               .producer_epoch = 3,
                               .base_sequence = 2}},
                             2)
                    .ok());
    Close();
  }
};

TEST_F(GoldenTest, WritesTheseBytes) {
  Write();
  EXPECT_EQ(Names("").size(), std::size(kNames));
  for (const char* name : kNames) {
    EXPECT_EQ(fs_.Content(JoinPath(kDirectory, name)), ReadGolden(name)) << name;
  }
}

TEST_F(GoldenTest, ReadsTheseBytes) {
  ASSERT_TRUE(fs_.CreateDirectory(kDirectory).ok());
  for (const char* name : kNames) fs_.SetContent(JoinPath(kDirectory, name), ReadGolden(name));
  for (const bool clean : {true, false}) {
    Open(clean);
    EXPECT_EQ(log_->end_offset(), 8);
    EXPECT_EQ(log_->view()->segments_count(), 2u);
    EXPECT_EQ(log_->recovery().indexes_rebuilt, 0u);
    EXPECT_TRUE(log_->recovery().notes.empty());
    EXPECT_EQ(log_->view()->EpochOf(3), 1);
    EXPECT_EQ(log_->view()->EpochOf(4), 2);
    const auto records = ReadAll(*log_);
    ASSERT_TRUE(records.ok()) << records.error().ToString();
    ASSERT_EQ(records->size(), 8u);
    for (const auto& [offset, value] : *records) {
      EXPECT_TRUE(value.starts_with("v" + std::to_string(offset)));
    }
    EXPECT_EQ(log_->view()->FindMaxTimestamp(8).value()->offset, 4);
    BatchHeader next;
    next.producer_id = 4242;
    next.producer_epoch = 3;
    next.base_sequence = 4;
    EXPECT_FALSE(log_->producers().Check(next)->duplicate);
    log_.reset();
  }
}

}  // namespace
}  // namespace qalam::log_test
