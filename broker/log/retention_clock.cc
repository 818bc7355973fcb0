#include "broker/log/retention_clock.h"

#include <fmt/format.h>

#include <charconv>

#include "common/crc32c.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::string_view kFileName = "retention-clock";
constexpr std::size_t kFileBytesMax = 4096;

std::string Encode(TimestampMs time) {
  const std::string number = std::to_string(time);
  return fmt::format("{} {:08x}\n", number, Crc32c(AsBytes(number)));
}

}  // namespace

Result<RetentionClock> RetentionClock::Open(FileSystem& fs, const std::string& directory,
                                            const Clock& clock) {
  RetentionClock retention(fs, JoinPath(directory, kFileName));
  retention.at_ = clock.Now();
  retention.time_ = clock.NowMs();
  const auto content = ReadWholeFile(fs, retention.path_, kFileBytesMax);
  if (content.ok()) {
    const std::string_view text = AsText(content.value());
    TimestampMs time = kNoTimestamp;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
    if (error == std::errc() && text == Encode(time)) {
      retention.time_ = time;
      return retention;
    }
  } else if (content.error().code() != ErrorCode::kNotFound) {
    return content.error();
  }
  QALAM_RETURN_IF_ERROR(retention.Save());
  return retention;
}

Status RetentionClock::Save() const { return ReplaceFile(*fs_, path_, AsBytes(Encode(time_))); }

Result<std::optional<TimestampMs>> RetentionClock::Pass(const Clock& clock) {
  const MonotonicTime now = clock.Now();
  const TimestampMs wall = clock.NowMs();
  const TimestampMs most =
      time_ + std::chrono::duration_cast<std::chrono::milliseconds>(now - at_ + kSlack).count();
  at_ = now;
  if (wall > most && !accept_) {
    if (!paused_) {
      Logger("log").warn(
          "retention by time paused: clock jumped wall_ms={} expected_at_most_ms={} remedy=\"qalam "
          "config set "
          "qalam.retention.clock=accept\"",
          wall, most);
    }
    paused_ = true;
    return std::optional<TimestampMs>();
  }
  accept_ = false;
  paused_ = false;
  if (wall > time_) {  // It never runs back.
    time_ = wall;
    QALAM_RETURN_IF_ERROR(Save());
  }
  return std::optional<TimestampMs>(time_);
}

}  // namespace qalam
