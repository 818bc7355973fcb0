#include "broker/log/retention_clock.h"

#include <fmt/format.h>

#include <charconv>

#include "common/crc32c.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::string_view kFileName = "retention-clock";
constexpr std::size_t kRetentionClockBytesMax = 4096;
constexpr TimestampMs kTimeMax = 253'402'300'799'999;  // The end of the year 9999.

}  // namespace

// "TIME BOOT CRC\n": milliseconds since 1970, nanoseconds since boot, CRC-32C of both as text.
std::string RetentionClock::Encode() const {
  const std::string numbers = fmt::format("{} {}", time_, at_.count());
  return fmt::format("{} {:08x}\n", numbers, Crc32c(AsBytes(numbers)));
}

bool RetentionClock::Decode(std::string_view text) {
  RetentionClock read(*fs_, path_);
  MonotonicTime::rep at = 0;
  const char* const end = text.data() + text.size();
  const auto time = std::from_chars(text.data(), end, read.time_);
  if (time.ec != std::errc() || time.ptr == end) return false;
  if (std::from_chars(time.ptr + 1, end, at).ec != std::errc()) return false;
  if (read.time_ < 0 || read.time_ > kTimeMax || at < 0) return false;
  read.at_ = MonotonicTime(at);
  if (text != read.Encode()) return false;
  time_ = read.time_;
  at_ = read.at_;
  return true;
}

Result<RetentionClock> RetentionClock::Open(FileSystem& fs, const std::string& directory,
                                            const Clock& clock) {
  RetentionClock retention(fs, JoinPath(directory, kFileName));
  const auto content = ReadWholeFile(fs, retention.path_, kRetentionClockBytesMax);
  if (content.ok() && retention.Decode(AsText(content.value()))) {
    // Since a boot that came later, less time has passed than in truth: that is safe.
    if (retention.at_ > clock.Now()) retention.at_ = MonotonicTime(0);
    return retention;
  }
  if (!content.ok() && content.error().code() != ErrorCode::kNotFound) return content.error();
  retention.at_ = clock.Now();
  retention.time_ = clock.NowMs();
  QALAM_RETURN_IF_ERROR(retention.Save());
  return retention;
}

Status RetentionClock::Save() const { return ReplaceFile(*fs_, path_, AsBytes(Encode())); }

Result<std::optional<TimestampMs>> RetentionClock::Pass(const Clock& clock) {
  const MonotonicTime now = clock.Now();
  const TimestampMs wall = clock.NowMs();
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - at_);
  const TimestampMs most = time_ + (passed + kSlack).count();
  if (wall > most && !accept_) {
    if (!paused_) {
      Logger("log").warn(
          "retention by time paused: clock jumped wall_ms={} expected_at_most_ms={} "
          "remedy=\"qalam config set qalam.retention.clock=accept\"",
          wall, most);
    }
    paused_ = true;
    return std::optional<TimestampMs>();
  }
  accept_ = false;
  paused_ = false;
  at_ = now;
  if (wall > time_) time_ = wall;  // It never runs back.
  // On a full disk, deletion is what helps; the file then tells the next start of an earlier time,
  // by which it deletes less.
  if (const Status saved = Save(); !saved.ok() && saved.error().code() != ErrorCode::kNoSpace) {
    return saved.error();
  }
  return std::optional<TimestampMs>(time_);
}

}  // namespace qalam
