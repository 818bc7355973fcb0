#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qalam/export.h"

QALAM_BEGIN_NAMESPACE
struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;

  friend bool operator==(const TopicPartition& a, const TopicPartition& b) {
    return a.partition == b.partition && a.topic == b.topic;
  }
  friend bool operator!=(const TopicPartition& a, const TopicPartition& b) { return !(a == b); }
  friend bool operator<(const TopicPartition& a, const TopicPartition& b) {
    return a.topic != b.topic ? a.topic < b.topic : a.partition < b.partition;
  }
};

struct Header {
  std::string key;
  std::optional<std::string> value;  // Null is not the same as empty.
};

// Headers are a list, in order; keys may repeat.
class Headers {
 public:
  void Add(std::string key, std::optional<std::string> value) {
    list_.push_back({std::move(key), std::move(value)});
  }
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  std::vector<Header>::const_iterator begin() const { return list_.begin(); }
  std::vector<Header>::const_iterator end() const { return list_.end(); }

 private:
  std::vector<Header> list_;
};

// What is sent. Owns its bytes, so that nothing dangles until the verdict. Thread: a value.
struct Record {
  Record() = default;
  explicit Record(std::string topic_name) : topic(std::move(topic_name)) {}
  Record(std::string topic_name, std::optional<std::string> record_key,
         std::optional<std::string> record_value)
      : topic(std::move(topic_name)), key(std::move(record_key)), value(std::move(record_value)) {}

  std::string topic;
  std::optional<std::string> key;    // Null: no key.
  std::optional<std::string> value;  // Null: a tombstone, not the same as empty.
  Headers headers;
  // Absent: by murmur2 of the key as Kafka's clients do, or, without a key, one partition per
  // batch in turn.
  std::optional<std::int32_t> partition;
  // Milliseconds since 1970, UTC. Absent: now.
  std::optional<std::int64_t> timestamp_ms;
  // Append only if the log ends exactly here, else UNEXPECTED_OFFSET naming the actual end. Such
  // a record travels in a batch of its own and needs `partition`.
  std::optional<std::int64_t> expected_offset;
};

struct HeaderView {
  std::string_view key;
  std::optional<std::string_view> value;
};

// A record to send whose bytes are only borrowed for the call (Sender::Send). Thread: a value.
struct RecordRef {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  const HeaderView* headers = nullptr;
  std::size_t headers_count = 0;
  std::int64_t timestamp_ms = -1;  // -1: now.
};

namespace detail {
struct RecordOrigin {
  std::string topic;
  std::int32_t partition = 0;
  std::int32_t leader_epoch = -1;
};
}  // namespace detail

// Walks the headers of a RecordView. Thread: its owner.
class QALAM_EXPORT HeaderReader {
 public:
  HeaderReader(const char* bytes, std::int32_t bytes_count, std::int32_t headers_count)
      : at_(bytes), end_(bytes + bytes_count), left_(headers_count) {}
  // Nothing after the last.
  std::optional<HeaderView> Next() noexcept;

 private:
  const char* at_;
  const char* end_;
  std::int32_t left_;
};

// One record that was read; a view into its Batch, valid as long as that lives. Thread: any.
class RecordView {
 public:
  const std::string& topic() const noexcept { return origin_->topic; }
  std::int32_t partition() const noexcept { return origin_->partition; }
  std::int32_t leader_epoch() const noexcept { return origin_->leader_epoch; }
  std::int64_t offset() const noexcept { return offset_; }
  std::int64_t timestamp_ms() const noexcept { return timestamp_ms_; }
  std::optional<std::string_view> key() const noexcept { return View(key_, key_bytes_); }
  std::optional<std::string_view> value() const noexcept { return View(value_, value_bytes_); }
  std::int32_t headers_count() const noexcept { return headers_count_; }
  HeaderReader headers() const noexcept { return {headers_, headers_bytes_, headers_count_}; }

  // What the library fills in. Lengths of -1 mean null.
  struct Parts {
    const detail::RecordOrigin* origin = nullptr;
    std::int64_t offset = -1;
    std::int64_t timestamp_ms = -1;
    const char* key = nullptr;
    const char* value = nullptr;
    const char* headers = nullptr;
    std::int32_t key_bytes = -1;
    std::int32_t value_bytes = -1;
    std::int32_t headers_bytes = 0;
    std::int32_t headers_count = 0;
  };
  explicit RecordView(const Parts& parts) noexcept
      : origin_(parts.origin),
        offset_(parts.offset),
        timestamp_ms_(parts.timestamp_ms),
        key_(parts.key),
        value_(parts.value),
        headers_(parts.headers),
        key_bytes_(parts.key_bytes),
        value_bytes_(parts.value_bytes),
        headers_bytes_(parts.headers_bytes),
        headers_count_(parts.headers_count) {}

 private:
  static std::optional<std::string_view> View(const char* bytes, std::int32_t count) noexcept {
    if (count < 0) return std::nullopt;
    return std::string_view(bytes, static_cast<std::size_t>(count));
  }
  const detail::RecordOrigin* origin_;
  std::int64_t offset_;
  std::int64_t timestamp_ms_;
  const char* key_;
  const char* value_;
  const char* headers_;
  std::int32_t key_bytes_;
  std::int32_t value_bytes_;
  std::int32_t headers_bytes_;
  std::int32_t headers_count_;
};

QALAM_END_NAMESPACE

template <>
struct std::hash<qalam::abi0::TopicPartition> {
  std::size_t operator()(const qalam::abi0::TopicPartition& tp) const noexcept {
    return std::hash<std::string>{}(tp.topic) * 31 + static_cast<std::size_t>(tp.partition);
  }
};
