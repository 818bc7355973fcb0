#include "tests/qa/load/history_file.h"

#include <fmt/format.h>
#include <time.h>

#include <cstdlib>

#include "tests/qa/load/payload.h"

namespace qalam::qa {
namespace {

// Fields that `read` and `found` share.
std::string Fields(const SeenRecord& record) {
  const auto token = TokenOf(record.key, record.value);
  return fmt::format(R"("offset":{},"record":{},"digest":"{}","epoch":{},"append_ms":{})",
                     record.offset, token ? '"' + *token + '"' : "null",
                     DigestOf(record.key, record.value), record.epoch, record.append_ms);
}

}  // namespace

std::int64_t BootTimeNs() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool IsUncertain(const qalam::DeliveryReport& report) {
  return !report.ok() && (report.error().Is("AMBIGUOUS") || report.error().Is("LOG_FAILED"));
}

std::unique_ptr<HistoryFile> HistoryFile::Open(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "a");
  if (file == nullptr) return nullptr;
  return std::unique_ptr<HistoryFile>(new HistoryFile(file));
}

void HistoryFile::Send(std::string_view partition, std::string_view producer, std::int64_t seq,
                       std::string_view token, std::string_view digest) {
  Write(fmt::format(
      R"({{"event":"send","t_ns":{},"partition":"{}","producer":"{}","seq":{},"record":"{}","digest":"{}"}})",
      BootTimeNs(), partition, producer, seq, token, digest));
}

void HistoryFile::Outcome(std::string_view partition, std::string_view token,
                          const qalam::DeliveryReport& report) {
  // Of an old duplicate the broker no longer knows the place: acknowledged, but the history has no
  // word for that.
  if (report.ok() && report.offset >= 0) {
    Write(fmt::format(
        R"({{"event":"ack","t_ns":{},"partition":"{}","record":"{}","offset":{},"epoch":{},"durability":"{}"{}}})",
        BootTimeNs(), partition, token, report.offset, report.leader_epoch,
        qalam::DurabilityName(report.durability), report.duplicate ? R"(,"duplicate":true)" : ""));
    return;
  }
  const std::string code = report.ok() ? "DUPLICATE_FORGOTTEN" : report.error().code();
  const bool unknown = report.ok() || IsUncertain(report);
  Write(fmt::format(R"({{"event":"{}","t_ns":{},"partition":"{}","record":"{}","code":"{}"}})",
                    unknown ? "unknown" : "refuse", BootTimeNs(), partition, token, code));
}

void HistoryFile::Read(std::string_view partition, std::int64_t begin_ns, std::string_view reader,
                       std::int64_t high_watermark, const SeenRecord& record) {
  Write(fmt::format(
      R"({{"event":"read","t_ns":{},"partition":"{}","begin_ns":{},"reader":"{}","high_watermark":{},{}}})",
      BootTimeNs(), partition, begin_ns, reader, high_watermark, Fields(record)));
}

void HistoryFile::Readback(std::string_view partition, std::int64_t begin_ns, std::string_view way,
                           std::int64_t log_start, std::int64_t log_end) {
  Write(fmt::format(
      R"({{"event":"readback","t_ns":{},"partition":"{}","begin_ns":{},"way":"{}","log_start":{},"log_end":{}}})",
      BootTimeNs(), partition, begin_ns, way, log_start, log_end));
}

void HistoryFile::Found(std::string_view partition, std::string_view way,
                        const SeenRecord& record) {
  Write(fmt::format(R"({{"event":"found","t_ns":{},"partition":"{}","way":"{}",{}}})", BootTimeNs(),
                    partition, way, Fields(record)));
}

void HistoryFile::Flush() {
  const std::lock_guard lock(mutex_);
  if (std::fflush(file_.get()) != 0) std::abort();
}

void HistoryFile::Write(const std::string& line) {
  const std::lock_guard lock(mutex_);
  // Half a history is none.
  if (std::fprintf(file_.get(), "%s\n", line.c_str()) < 0) std::abort();
}

}  // namespace qalam::qa
