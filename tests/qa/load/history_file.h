#pragma once

#include <qalam/client.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace qalam::qa {

// Nanoseconds of CLOCK_BOOTTIME: the time of every line of a history.
std::int64_t BootTimeNs();

// Whether the record may have been written: docs/reference/errors.md of AMBIGUOUS and LOG_FAILED
// (of which an earlier attempt may have reached the log that failed). Other errors say that it was
// not.
bool IsUncertain(const qalam::DeliveryReport& report);

struct SeenRecord {
  std::int64_t offset = 0;
  std::string_view key;
  std::string_view value;
  std::int64_t epoch = 0;
  std::int64_t append_ms = 0;
};

// Appends what clients did and saw to a history (tests/qa/README.md), a line each; Flush, or the
// end, hands them to the operating system. Thread: any.
class HistoryFile {
 public:
  // Null if it can't be opened.
  static std::unique_ptr<HistoryFile> Open(const std::string& path);

  void Send(std::string_view partition, std::string_view producer, std::int64_t seq,
            std::string_view token, std::string_view digest);
  // How it ended: an `ack`, a `refuse` (definitely not written) or an `unknown`.
  void Outcome(std::string_view partition, std::string_view token,
               const qalam::DeliveryReport& report);
  void Read(std::string_view partition, std::int64_t begin_ns, std::string_view reader,
            std::int64_t high_watermark, const SeenRecord& record);
  void Readback(std::string_view partition, std::int64_t begin_ns, std::string_view way,
                std::int64_t log_start, std::int64_t log_end);
  void Found(std::string_view partition, std::string_view way, const SeenRecord& record);
  void Flush();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit HistoryFile(std::FILE* file) : file_(file) {}
  void Write(const std::string& line);

  std::mutex mutex_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace qalam::qa
