#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "broker/log/file_names.h"
#include "broker/log/log.h"
#include "broker/log/log_view.h"
#include "common/check.h"
#include "tests/broker/log/log_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_file_system.h"

namespace qalam::fuzz {

// A log in memory whose files can be put in by hand. Thread: one.
class LogFiles {
 public:
  LogFiles() : options(log_test::SmallOptions()) {
    QALAM_CHECK(fs.CreateDirectory("/log").ok());
    QALAM_CHECK(Log::Create(fs, options, log_test::TopicId()).ok());
  }
  static std::string PathOf(Offset base, std::string_view suffix) {
    return JoinPath(log_test::kDirectory, SegmentFileName(base, suffix));
  }
  static std::string PathOf(std::string_view name) { return JoinPath(log_test::kDirectory, name); }
  void Put(const std::string& path, BytesView content) {
    fs.SetContent(path, Bytes(content.begin(), content.end()));
  }
  void PutAll(const std::map<std::string, Bytes>& contents) {
    for (const auto& [name, content] : contents) Put(PathOf(name), content);
  }
  Result<std::unique_ptr<Log>> Open(bool clean) {
    return Log::Open(fs, clock, options, log_test::TopicId(), clean);
  }
  // Two sealed segments and an active one, closed well.
  void Fill() {
    auto log = Open(true);
    QALAM_CHECK(log.ok());
    for (int i = 0; i < 90; ++i) {
      log_test::BatchSpec spec;
      spec.records = 1 + i % 3;
      spec.value_bytes = 300;
      spec.timestamp += i * 1000;
      spec.producer_id = i % 2 == 0 ? 7 : kNoProducerId;
      if (spec.producer_id >= 0) {
        spec.producer_epoch = 0;
        spec.base_sequence = sequence_;
        sequence_ += spec.records;
      }
      QALAM_CHECK(log_test::AppendSynced(**log, {spec}).ok());
    }
    QALAM_CHECK((*log)->Close().ok());
  }
  // Contents of all files of the log that are no leftovers.
  std::map<std::string, Bytes> Contents() {
    std::map<std::string, Bytes> contents;
    const auto entries = fs.List(log_test::kDirectory);
    QALAM_CHECK(entries.ok());
    for (const DirectoryEntry& entry : *entries) {
      contents[entry.name] = fs.Content(PathOf(entry.name));
    }
    return contents;
  }

  MemoryFileSystem fs{4096};
  ManualClock clock;
  LogOptions options;

 private:
  std::int32_t sequence_ = 0;
};

// The files of a good log of some segments, by name; made once.
const std::map<std::string, Bytes>& GoodLogFiles();

// Reads everything that `log` shows, and looks for some timestamps. True if all of it was readable.
bool ReadThrough(const Log& log);

}  // namespace qalam::fuzz
