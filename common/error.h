#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qalam {
// The client's public headers have their own Error and Result in the inline namespace `abi0`;
// `core` keeps the two apart where a file needs both.
inline namespace core {

// Everything that can go wrong, as one append-only list: numbers and words never change meaning.
// The word (ErrorWord) is what users see: gRPC's ErrorInfo.reason, `qalam explain WORD`, JSON.
enum class ErrorCode : std::uint16_t {
  kUnknown = 1,
  kInvalidArgument = 2,
  kNotFound = 3,
  kUnknownTopic = 4,
  kUnknownPartition = 5,
  kInvalidTopicName = 6,
  kTopicExists = 7,
  kTopicNameClash = 8,
  kInvalidPartitions = 9,
  kInvalidConfig = 10,
  kOffsetOutOfRange = 11,
  kCorruptBatch = 12,
  kInvalidRecord = 13,
  kInvalidTimestamp = 14,
  kBatchTooLarge = 15,
  kUnsupportedCodec = 16,
  kDecompressionLimit = 17,
  kOutOfOrderSequence = 18,
  kProducerFenced = 19,
  kUnknownProducer = 20,
  kUnexpectedOffset = 21,
  kPrecedingFailed = 22,
  kOverloaded = 23,
  kShuttingDown = 24,
  kNotLeader = 25,
  kNoSpace = 26,
  kIo = 27,
  kLogFailed = 28,
  kCorruption = 29,
  kDirectoryInUse = 30,
  kDirectoryUnusable = 31,
  kUnsupportedFormat = 32,
  kWrongNode = 33,
  kCopiedDirectory = 34,
  kMetadataMissing = 35,
  kMetadataDamaged = 36,
  kConflict = 37,
  kTimedOut = 38,
  kAmbiguous = 39,
  kCancelled = 40,
  kUnreachable = 41,
  kPortInUse = 42,
  kPolicyViolation = 43,
  kBufferFull = 44,
  kOutOfRange = 45,
  kMessageTooLarge = 46,
  kTooManyRequests = 47,
  kPermissionDenied = 48,
  kInvalidConfigFile = 49,
  kForked = 50,
};

// One row of the table that the CLI's `explain`, docs/reference/errors.md and the wire share.
struct ErrorInfo {
  ErrorCode code;
  std::string_view word;  // UPPER_SNAKE, stable.
  bool retriable;         // The same request may succeed later, unchanged, and is safe to send.
  int cli_exit;           // Exit code of `qalam` (spec: 1 server, 3 unreachable, 4 not found, ...).
  std::string_view meaning;  // What happened, one sentence.
  std::string_view remedy;   // What to do next, one sentence.
};

std::span<const ErrorInfo> AllErrors();
const ErrorInfo& InfoOf(ErrorCode code);
inline std::string_view ErrorWord(ErrorCode code) { return InfoOf(code).word; }
inline bool IsRetriable(ErrorCode code) { return InfoOf(code).retriable; }
std::optional<ErrorCode> ErrorCodeFromWord(std::string_view word);

// What went wrong, where, with the numbers. `details` are machine-readable (ErrorInfo.metadata):
// for instance {"topic","orders"}, {"log_end_offset","42"}. Thread: a value.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<std::pair<std::string, std::string>>& details() const { return details_; }
  std::optional<std::string_view> detail(std::string_view key) const;

  Error&& With(std::string key, std::string value) && {
    details_.emplace_back(std::move(key), std::move(value));
    return std::move(*this);
  }
  Error&& With(std::string key, std::int64_t value) && {
    return std::move(*this).With(std::move(key), std::to_string(value));
  }
  // "UNKNOWN_TOPIC: no topic named "x"".
  std::string ToString() const;

  friend bool operator==(const Error&, const Error&) = default;

 private:
  ErrorCode code_;
  std::string message_;
  std::vector<std::pair<std::string, std::string>> details_;
};

}  // namespace core
}  // namespace qalam
