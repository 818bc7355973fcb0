#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "qalam/export.h"

QALAM_BEGIN_NAMESPACE
struct BatchReport;

struct ClientOptions {
  // HOST:PORT or unix:PATH, tried in turn.
  std::vector<std::string> bootstrap = {"127.0.0.1:7420"};
  // Names the program in `qalam explain`. Free text.
  std::string client_id = "qalam-cpp";
  // How long an address may take to answer before it counts as unreachable.
  std::chrono::milliseconds connect_timeout{5'000};
  // Deadline of a call of Admin, all its retries included.
  std::chrono::milliseconds request_timeout{10'000};
};

enum class Acks {
  kNone,    // The verdict comes once the bytes are handed to the connection; durability kMemory.
  kLeader,  // Durable on the leader.
  kAll,     // Durable on every in-sync replica.
};

// What was known of the bytes when the broker answered.
enum class Durability {
  kUnknown,
  kMemory,  // Queued in the broker.
  kOs,      // Written to the operating system: survives a crash of the broker, not of the machine.
  kFsync,   // Synced to the disk.
};
// "fsync", "os", "memory" or "unknown": as the command line prints it.
QALAM_EXPORT const char* DurabilityName(Durability durability) noexcept;

enum class Compression { kNone, kGzip, kSnappy, kLz4, kZstd };

enum class FullPolicy {
  kFail,      // Send answers BUFFER_FULL at once.
  kBlock,     // Send waits for room, at most delivery_timeout.
  kBlockFor,  // Send waits for room, at most block_timeout.
};

struct ProducerOptions {
  Acks acks = Acks::kAll;
  // The broker recognises what was sent twice: a retry never doubles a record, order is kept.
  bool idempotent = true;
  // Without idempotence: send again what may or may not have arrived (may double; one batch in
  // flight). False: such batches are AMBIGUOUS, and are not held back to one in flight.
  bool retry_ambiguous = true;
  // 0: a batch leaves at once while none is under way; records that come meanwhile share the next,
  // which leaves when that is decided, or before once half of those who lately waited are in it.
  // More: a batch waits this long for company.
  std::chrono::microseconds linger{0};
  // Uncompressed size at which a batch is full. A larger record travels alone.
  std::size_t batch_bytes = std::size_t{256} << 10;
  // Batches under way per partition, 1 to 256.
  std::size_t in_flight_max = 64;
  Compression compression = Compression::kNone;
  int compression_level = 0;  // 0: the codec's default.
  // Everything that waits for a verdict or for its callback, all partitions together.
  std::size_t buffer_bytes = std::size_t{32} << 20;
  FullPolicy on_full = FullPolicy::kFail;
  std::chrono::milliseconds block_timeout{1'000};
  // From Send to verdict, with everything between: batching, connecting, retries.
  std::chrono::milliseconds delivery_timeout{30'000};
  // Called once per batch with its verdict, where callbacks run. The cheapest way to follow a busy
  // producer. Must not throw.
  std::function<void(const BatchReport&)> on_batch;
  // Runs callbacks: gets each when it is due, and runs it once, one after the other, on a thread of
  // its choice; the producer's end waits for that. It may run it at once, on the network's thread
  // or on one that waits in Get or Flush, which saves a change of thread: then callbacks must not
  // wait for anything, not even for room in the buffer (FullPolicy::kFail). Empty: a thread of the
  // producer's own.
  std::function<void(std::function<void()>)> callback_executor;
};

enum class OutOfRangePolicy {
  kFail,      // Next returns OFFSET_OUT_OF_RANGE.
  kEarliest,  // Go on at the log's start.
  kLatest,    // Go on at the log's end.
};

// A place in a partition, for reading from. Thread: a value.
class From {
 public:
  enum class Kind { kStart, kEnd, kOffset, kTime, kLast, kMaxTimestamp };
  static From Start() { return {Kind::kStart, 0}; }
  static From End() { return {Kind::kEnd, 0}; }
  static From Offset(std::int64_t offset) { return {Kind::kOffset, offset}; }
  // First record of this time or later.
  static From TimeMs(std::int64_t ms_since_1970) { return {Kind::kTime, ms_since_1970}; }
  static From Time(std::chrono::system_clock::time_point time) {
    return TimeMs(
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
  }
  // The last `count` records of each partition.
  static From Last(std::int64_t count) { return {Kind::kLast, count}; }
  // The record with the largest timestamp (Admin::ListOffsets only).
  static From MaxTimestamp() { return {Kind::kMaxTimestamp, 0}; }

  Kind kind() const noexcept { return kind_; }
  std::int64_t number() const noexcept { return number_; }

 private:
  From(Kind kind, std::int64_t number) : kind_(kind), number_(number) {}
  Kind kind_;
  std::int64_t number_;
};

// Where reading ends. Thread: a value.
class Until {
 public:
  enum class Kind { kNever, kEnd, kOffset, kTime };
  static Until Never() { return {Kind::kNever, 0}; }
  // The end that each partition had when reading began.
  static Until End() { return {Kind::kEnd, 0}; }
  // Exclusive.
  static Until Offset(std::int64_t offset) { return {Kind::kOffset, offset}; }
  // Ends before the first record of this time or later, as the log stands when reading begins; a
  // time in the future ends at the first such record that comes.
  static Until TimeMs(std::int64_t ms_since_1970) { return {Kind::kTime, ms_since_1970}; }

  Kind kind() const noexcept { return kind_; }
  std::int64_t number() const noexcept { return number_; }

 private:
  Until(Kind kind, std::int64_t number) : kind_(kind), number_(number) {}
  Kind kind_;
  std::int64_t number_;
};

struct ReaderOptions {
  Until until = Until::Never();
  // Ends at the end seen at the start, too, if `until` comes later or never.
  bool stop_at_end = false;
  OutOfRangePolicy out_of_range = OutOfRangePolicy::kFail;
  // Received and not yet returned by Next, all partitions together. When it is full, the reader
  // stops reading from the connection. At least one message per partition is held.
  std::size_t fetch_bytes_max = std::size_t{16} << 20;
  // Soft bound of one message from the broker, and of what is decompressed for one Batch: batches
  // are unpacked one by one as they are taken.
  std::size_t message_bytes_max = std::size_t{1} << 20;
  // A batch that would decompress to more is DECOMPRESSION_LIMIT.
  std::size_t decompressed_bytes_max = std::size_t{100} << 20;
  bool check_crc = true;
  // How long a lost broker may stay away before Next says UNREACHABLE (and then tries on). Zero:
  // for ever, once it was reached; before that, connect_timeout of the client.
  std::chrono::milliseconds reconnect_timeout{0};
};

QALAM_END_NAMESPACE
