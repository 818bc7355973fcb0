#include "common/error.h"

#include <array>

#include "common/check.h"

namespace qalam {
inline namespace core {
namespace {

constexpr bool kRetry = true;
constexpr bool kFinal = false;

// Sorted by code; `InfoOf` indexes it.
constexpr auto kErrors = std::to_array<ErrorInfo>({
    {ErrorCode::kUnknown, "UNKNOWN", kFinal, 1, "The broker met something it has no word for.",
     "Look at the broker's log at the time of the request and report it."},
    {ErrorCode::kInvalidArgument, "INVALID_ARGUMENT", kFinal, 2,
     "A field of the request has a value that is not allowed.",
     "Correct the field that the message names."},
    {ErrorCode::kNotFound, "NOT_FOUND", kFinal, 4, "The thing asked for does not exist.",
     "Check the name or path in the message; `qalam topic list` and `qalam cluster info` list what "
     "a broker has."},
    {ErrorCode::kUnknownTopic, "UNKNOWN_TOPIC", kFinal, 4, "No topic has this name.",
     "Create it with `qalam topic create NAME -p N`, or look it up with `qalam topic list`."},
    {ErrorCode::kUnknownPartition, "UNKNOWN_PARTITION", kFinal, 4,
     "The topic exists, but has no partition with this number.",
     "`qalam topic describe NAME` shows its partitions, counted from 0."},
    {ErrorCode::kInvalidTopicName, "INVALID_TOPIC_NAME", kFinal, 2,
     "A topic name has 1 to 249 characters of a-z A-Z 0-9 . _ - and is not \".\" or \"..\".",
     "Choose another name."},
    {ErrorCode::kTopicExists, "TOPIC_EXISTS", kFinal, 8, "A topic with this name exists already.",
     "Use it, choose another name, or delete it first."},
    {ErrorCode::kTopicNameClash, "TOPIC_NAME_CLASH", kFinal, 8,
     "The name differs from an existing topic's only in '.' and '_', which metrics can't tell "
     "apart.",
     "Choose a name that differs in a letter or digit."},
    {ErrorCode::kInvalidPartitions, "INVALID_PARTITIONS", kFinal, 2,
     "The number of partitions or replicas is outside what this node can hold.",
     "Ask for at least one partition, and one replica on a single node."},
    {ErrorCode::kInvalidConfig, "INVALID_CONFIG", kFinal, 2,
     "A configuration key is unknown or its value is not allowed.",
     "The message names the nearest key or the allowed values; see "
     "docs/reference/configuration.md."},
    {ErrorCode::kOffsetOutOfRange, "OFFSET_OUT_OF_RANGE", kFinal, 4,
     "The offset lies before the log's start (deleted by retention or trim) or beyond its end.",
     "Read from the log start offset or the end; `qalam topic offsets NAME` shows both."},
    {ErrorCode::kCorruptBatch, "CORRUPT_BATCH", kRetry, 1,
     "A batch's checksum or length does not match its bytes; nothing was written.",
     "Send it again; if it stays, the sender or the network between damages it."},
    {ErrorCode::kInvalidRecord, "INVALID_RECORD", kFinal, 1,
     "A batch contradicts itself (counts, deltas, lengths, flags); nothing was written.",
     "Correct the encoder that made it; the message names the field."},
    {ErrorCode::kInvalidTimestamp, "INVALID_TIMESTAMP", kFinal, 1,
     "A record's timestamp lies too far in the past or the future for this topic.",
     "Check the producer's clock, or alter message.timestamp.before.max.ms / after.max.ms."},
    {ErrorCode::kBatchTooLarge, "BATCH_TOO_LARGE", kFinal, 1,
     "The batch is larger than the topic's max.message.bytes; nothing was written.",
     "Send smaller batches, or raise max.message.bytes with `qalam topic alter`."},
    {ErrorCode::kUnsupportedCodec, "UNSUPPORTED_CODEC", kFinal, 1,
     "The batch is compressed with a codec that does not exist.",
     "Use none, gzip, snappy, lz4 or zstd."},
    {ErrorCode::kDecompressionLimit, "DECOMPRESSION_LIMIT", kFinal, 1,
     "The batch would decompress to more than is allowed.",
     "Send smaller batches; the limits are qalam.batch.decompressed.max.bytes, and 16 MiB or 100 "
     "times the batch's size, whichever is more."},
    {ErrorCode::kOutOfOrderSequence, "OUT_OF_ORDER_SEQUENCE", kFinal, 1,
     "A producer skipped sequence numbers: an earlier batch is missing, so this one was refused.",
     "Send the missing batch first; our client does so by itself."},
    {ErrorCode::kProducerFenced, "PRODUCER_FENCED", kFinal, 1,
     "A newer epoch of the same producer id has written; this one may not write any more.",
     "Stop this producer, or let it ask for a new producer id."},
    {ErrorCode::kUnknownProducer, "UNKNOWN_PRODUCER", kFinal, 1,
     "The partition knows nothing of this producer id, yet the sequence does not start at 0.",
     "Ask for a new producer id and start at 0; batches in flight are ambiguous."},
    {ErrorCode::kUnexpectedOffset, "UNEXPECTED_OFFSET", kFinal, 8,
     "The log does not end at the expected offset, so the conditional append was not made.",
     "Read up to the log_end_offset in the details, decide anew, and try with that offset."},
    {ErrorCode::kPrecedingFailed, "PRECEDING_FAILED", kRetry, 1,
     "An earlier batch of this stream was refused, so this one was not tried.",
     "Deal with the first refusal, send `restart`, and send the batches again in order."},
    {ErrorCode::kOverloaded, "OVERLOADED", kRetry, 1,
     "The partition's queue is full; nothing was written.", "Wait a little and send it again."},
    {ErrorCode::kShuttingDown, "SHUTTING_DOWN", kRetry, 3,
     "The broker is stopping; the request was definitely not carried out.",
     "Send it again when the broker is back."},
    {ErrorCode::kNotLeader, "NOT_LEADER", kRetry, 1, "Another broker leads this partition.",
     "Ask the leader named in the details."},
    {ErrorCode::kNoSpace, "NO_SPACE", kRetry, 1,
     "The disk is full; nothing was written. Reading and retention go on.",
     "Free space, lower retention or trim a topic; writing resumes by itself."},
    {ErrorCode::kIo, "IO_ERROR", kFinal, 1, "The operating system could not read or write a file.",
     "Check the disk and the system log (dmesg)."},
    {ErrorCode::kLogFailed, "LOG_FAILED", kFinal, 1,
     "The log stopped after a failed write or sync; what was not acknowledged is uncertain.",
     "Check the disk, then restart the broker: it re-reads what the disk really holds."},
    {ErrorCode::kCorruption, "CORRUPTION", kFinal, 1,
     "Bytes that had been durable have changed on disk; the range is refused, nothing is deleted.",
     "Keep the files, run `qalam log verify DIR`, and restore from a copy."},
    {ErrorCode::kDirectoryInUse, "DIRECTORY_IN_USE", kFinal, 1,
     "Another process owns the data directory.",
     "Use what runs (`qalam --dir DIR`, or an address that the message names), or stop it. `qalamd "
     "--join` lets it serve more addresses, `--take-over` asks a library's process to hand over."},
    {ErrorCode::kDirectoryUnusable, "DIRECTORY_UNUSABLE", kFinal, 1,
     "The data directory can't be created, read or written.",
     "Check the path, its owner and its mode."},
    {ErrorCode::kUnsupportedFormat, "UNSUPPORTED_FORMAT", kFinal, 1,
     "The data directory was written by a newer version of the format.",
     "Start the version of Qalam that wrote it, or a newer one."},
    {ErrorCode::kWrongNode, "WRONG_NODE", kFinal, 1,
     "The data directory belongs to a node with another id.",
     "Start it with the node.id it was made with, or use another directory."},
    {ErrorCode::kCopiedDirectory, "COPIED_DIRECTORY", kFinal, 1,
     "The data directory is a copy of another one.",
     "Start from the original, or declare the copy with `qalamd --adopt-copy`."},
    {ErrorCode::kMetadataMissing, "METADATA_MISSING", kFinal, 1,
     "There are logs in the data directory, but the metadata beside them is gone or empty.",
     "Nothing was changed. Restore DIR/metadata, or rebuild it from the logs with "
     "`qalamd --data-dir DIR --rebuild-metadata`."},
    {ErrorCode::kMetadataDamaged, "METADATA_DAMAGED", kFinal, 1,
     "The metadata store can't be opened or read.",
     "Nothing was changed. Restore DIR/metadata and its guard, or rebuild it from the logs with "
     "`qalamd --data-dir DIR --rebuild-metadata`; the old one is kept aside."},
    {ErrorCode::kConflict, "CONFLICT", kRetry, 8, "Somebody else changed the same thing first.",
     "Read it again and repeat the change."},
    {ErrorCode::kTimedOut, "TIMED_OUT", kRetry, 6,
     "A deadline passed. Said by the broker, or by a producer of records that it never sent: "
     "dropped before the write, nothing was written. Said by a client that got no answer: a read "
     "failed; a change that nobody answered may have been carried out and is AMBIGUOUS.",
     "Send it again, or allow more time (--timeout, delivery.timeout.ms)."},
    {ErrorCode::kAmbiguous, "AMBIGUOUS", kFinal, 6,
     "It is unknown whether the records were written, or the change was carried out: no answer "
     "came.",
     "Look: read the end of the log, or describe the topic. An idempotent producer that still "
     "runs may simply repeat its records."},
    {ErrorCode::kCancelled, "CANCELLED", kFinal, 1, "The caller gave the request up.",
     "Nothing to do."},
    {ErrorCode::kUnreachable, "UNREACHABLE", kRetry, 3, "No broker answers at this address.",
     "Start one with `qalamd --data-dir DIR` or `qalam dev`, or correct -b HOST:PORT."},
    {ErrorCode::kPortInUse, "PORT_IN_USE", kFinal, 1, "Another process listens on this address.",
     "Stop it, or listen on another port (0 picks a free one)."},
    {ErrorCode::kPolicyViolation, "POLICY_VIOLATION", kFinal, 1,
     "The topic's settings do not allow this.",
     "Alter the topic's setting that the message names."},
    {ErrorCode::kBufferFull, "BUFFER_FULL", kRetry, 1,
     "The producer's buffer is full; the record was not taken.",
     "Wait for acknowledgements, raise buffer_bytes, or let Send block."},
    {ErrorCode::kOutOfRange, "OUT_OF_RANGE", kFinal, 1, "A position lies outside the file.",
     "The file is shorter than what refers to it; run `qalam log verify DIR`."},
    {ErrorCode::kMessageTooLarge, "MESSAGE_TOO_LARGE", kFinal, 1,
     "The request is larger than the broker accepts.", "Send less in one message."},
    {ErrorCode::kTooManyRequests, "TOO_MANY_REQUESTS", kRetry, 1,
     "A limit on connections, streams or memory is reached.", "Wait, or raise the limit named."},
    {ErrorCode::kPermissionDenied, "PERMISSION_DENIED", kFinal, 5, "The caller may not do this.",
     "Use an account that may."},
    {ErrorCode::kInvalidConfigFile, "INVALID_CONFIG_FILE", kFinal, 2,
     "The configuration file can't be read, or not as TOML.",
     "Check its path and mode, or correct the line and column that the message names."},
    {ErrorCode::kForked, "FORKED", kFinal, 1,
     "The library was used before this process was forked off; its threads are not in the child.",
     "Use it in the parent, or let the child execute a program before it opens anything."},
});

}  // namespace

std::span<const ErrorInfo> AllErrors() { return kErrors; }

const ErrorInfo& InfoOf(ErrorCode code) {
  const auto index = static_cast<std::size_t>(code) - 1;
  QALAM_CHECK(index < kErrors.size() && kErrors[index].code == code);
  return kErrors[index];
}

std::optional<ErrorCode> ErrorCodeFromWord(std::string_view word) {
  for (const ErrorInfo& info : kErrors) {
    if (info.word == word) return info.code;
  }
  return std::nullopt;
}

std::optional<std::string_view> Error::detail(std::string_view key) const {
  for (const auto& [name, value] : details_) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::string Error::ToString() const {
  std::string text(ErrorWord(code_));
  text += ": ";
  text += message_;
  return text;
}

}  // namespace core
}  // namespace qalam
