#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/log/file_names.h"
#include "broker/log/log.h"
#include "broker/log/segment_cache.h"
#include "common/record/batch_builder.h"
#include "common/record/batch_view.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_file_system.h"

namespace qalam::log_test {

inline constexpr char kDirectory[] = "/log/orders-0";

inline Uuid TopicId() {
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(i + 1);
  return id;
}

// Small everything, so that a few appends reach every corner.
inline LogOptions SmallOptions(std::size_t direct_alignment = 4096) {
  LogOptions options;
  options.directory = kDirectory;
  options.segment_bytes_max = 16 << 10;
  options.index_interval_bytes = 512;
  options.group_bytes_max = 8 << 10;
  options.checkpoint_bytes = 24 << 10;
  options.recent_bytes_max = 128 << 10;
  options.direct_alignment = direct_alignment;
  return options;
}

struct BatchSpec {
  int records = 1;
  std::size_t value_bytes = 20;
  TimestampMs timestamp = ManualClock::kStartMs;  // Of the first record; one more each.
  ProducerId producer_id = kNoProducerId;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::string prefix = "v";  // Values are "<prefix><offset>" and dots up to value_bytes.
};

// A value that says which offset it was made for.
inline std::string ValueAt(const BatchSpec& spec, Offset offset) {
  std::string value = spec.prefix + std::to_string(offset);
  if (value.size() < spec.value_bytes) value.resize(spec.value_bytes, '.');
  return value;
}

inline Bytes MakeBatch(const BatchSpec& spec, Offset base_offset) {
  BatchBuilder builder;
  for (int i = 0; i < spec.records; ++i) {
    const std::string value = ValueAt(spec, base_offset + i);
    builder.Add(spec.timestamp + i, std::nullopt, AsBytes(value));
  }
  BatchBuilder::Trailer trailer;
  trailer.producer_id = spec.producer_id;
  trailer.producer_epoch = spec.producer_epoch;
  trailer.base_sequence = spec.base_sequence;
  return builder.Finish(trailer);
}

// A group under construction; owns the bytes.
class Group {
 public:
  Group(Offset base_offset, Epoch epoch) : next_(base_offset), epoch_(epoch) {}
  Group& Add(const BatchSpec& spec) {
    batches_.push_back(MakeBatch(spec, next_));
    StampedBatch stamped;
    stamped.header = BatchHeader::Decode(batches_.back());
    stamped.header.base_offset = next_;
    stamped.header.leader_epoch = epoch_;
    stamped_.push_back(stamped);
    next_ = stamped.header.next_offset();
    return *this;
  }
  std::span<const StampedBatch> stamped() {
    for (std::size_t i = 0; i < stamped_.size(); ++i) {
      stamped_[i].records = BytesView(batches_[i]).subspan(kBatchHeaderBytes);
    }
    return stamped_;
  }
  Offset next_offset() const { return next_; }

 private:
  Offset next_;
  Epoch epoch_;
  std::vector<Bytes> batches_;
  std::vector<StampedBatch> stamped_;
};

inline Status Append(Log& log, const std::vector<BatchSpec>& specs, Epoch epoch = 0) {
  Group group(log.end_offset(), epoch);
  for (const BatchSpec& spec : specs) group.Add(spec);
  return log.AppendGroup(group.stamped());
}

inline Status Sync(Log& log) {
  auto ticket = log.BeginSync();
  if (!ticket) return OkStatus();
  const Status status = ticket->Run();
  const auto durable = log.OnSynced(std::move(ticket), status);
  return durable.ok() ? OkStatus() : Status(durable.error());
}

inline Status AppendSynced(Log& log, const std::vector<BatchSpec>& specs, Epoch epoch = 0) {
  QALAM_RETURN_IF_ERROR(Append(log, specs, epoch));
  return Sync(log);
}

using Records = std::map<Offset, std::string>;  // Offset -> value.

// Everything from `from` to `until`, `bytes_max` at a time.
inline Result<Records> ReadAll(const LogView& view, Offset from, Offset until,
                               std::size_t bytes_max = 4096) {
  Records records;
  while (from < until) {
    QALAM_ASSIGN_OR_RETURN(const LogRead read, view.Read(from, until, bytes_max));
    if (read.batches.empty() || read.next_offset <= from) {
      return Error(ErrorCode::kUnknown, "no progress at offset " + std::to_string(from));
    }
    for (const SharedSlice& slice : read.batches) {
      BatchCursor batches(slice.view());
      while (true) {
        QALAM_ASSIGN_OR_RETURN(const auto batch, batches.Next());
        if (!batch) break;
        RecordCursor cursor(batch->header, batch->records());
        while (true) {
          QALAM_ASSIGN_OR_RETURN(const auto record, cursor.Next());
          if (!record) break;
          if (record->offset >= from) {
            records[record->offset] = std::string(AsText(record->value.value_or(BytesView())));
          }
        }
      }
    }
    from = read.next_offset;
  }
  return records;
}

inline Result<Records> ReadAll(const Log& log) {
  const auto view = log.view();
  return ReadAll(*view, view->log_start_offset(), view->end_offset());
}

// The values of offsets [from, until) as `Append` made them.
inline Records Expected(Offset from, Offset until, const BatchSpec& spec = {}) {
  Records records;
  for (Offset offset = from; offset < until; ++offset) records[offset] = ValueAt(spec, offset);
  return records;
}

// A log in memory, made and opened.
class LogTest : public ::testing::Test {
 protected:
  LogTest() : fs_(4096), faults_(fs_), options_(SmallOptions()) {
    EXPECT_TRUE(fs_.CreateDirectory("/log").ok());
  }
  void Create() {
    const Status created = Log::Create(fs_, options_, TopicId());
    ASSERT_TRUE(created.ok()) << created.error().ToString();
  }
  void Open(bool clean) {
    log_.reset();
    auto log = TryOpen(clean);
    ASSERT_TRUE(log.ok()) << log.error().ToString();
    log_ = std::move(log).value();
  }
  Result<std::unique_ptr<Log>> TryOpen(bool clean) {
    return Log::Open(faults_, clock_, options_, TopicId(), clean);
  }
  void CreateAndOpen() {
    Create();
    Open(true);
  }
  void Close() {
    const Status closed = log_->Close();
    ASSERT_TRUE(closed.ok()) << closed.error().ToString();
    log_.reset();
  }
  // Appends `groups` groups of one batch, each synced.
  void Fill(int groups, const BatchSpec& spec = {}) {
    for (int i = 0; i < groups; ++i) {
      const Status appended = AppendSynced(*log_, {spec});
      ASSERT_TRUE(appended.ok()) << appended.error().ToString();
    }
  }
  void ExpectAll(const BatchSpec& spec = {}) {
    const auto records = ReadAll(*log_);
    ASSERT_TRUE(records.ok()) << records.error().ToString();
    EXPECT_EQ(*records, Expected(log_->log_start_offset(), log_->end_offset(), spec));
  }
  static std::string PathOf(Offset base, std::string_view suffix) {
    return JoinPath(kDirectory, SegmentFileName(base, suffix));
  }
  std::vector<std::string> Names(std::string_view ending) {
    std::vector<std::string> names;
    const auto entries = fs_.List(kDirectory);
    if (!entries.ok()) return names;
    for (const auto& entry : *entries) {
      if (entry.name.ends_with(ending)) names.push_back(entry.name);
    }
    return names;
  }
  void Flip(const std::string& path, std::size_t byte, int bit = 0) {
    Bytes content = fs_.Content(path);
    ASSERT_LT(byte, content.size());
    content[byte] ^= static_cast<std::byte>(1 << bit);
    fs_.SetContent(path, std::move(content));
  }

  MemoryFileSystem fs_;
  FaultFileSystem faults_;
  ManualClock clock_;
  LogOptions options_;
  std::unique_ptr<Log> log_;
};

}  // namespace qalam::log_test
