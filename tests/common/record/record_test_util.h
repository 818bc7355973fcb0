#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/bytes.h"
#include "common/record/batch_builder.h"
#include "common/record/batch_header.h"
#include "common/record/batch_view.h"

// What the tests of common/record share: golden vectors, records that own their bytes, and a way to
// bend a batch and put its CRC right again.
namespace qalam::record_testing {

inline constexpr TimestampMs kT = 1'700'000'000'000;  // The vectors' base timestamp.

inline Bytes FromHex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

inline std::string ToHex(BytesView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : bytes) {
    hex += kDigits[std::to_integer<std::size_t>(byte) >> 4];
    hex += kDigits[std::to_integer<std::size_t>(byte) & 15];
  }
  return hex;
}

// tests/golden/record/NAME.hex: hex digits, lines with # are comments.
inline Bytes Golden(const std::string& name) {
  std::ifstream file(std::string(QALAM_GOLDEN_RECORD_DIR) + "/" + name + ".hex");
  EXPECT_TRUE(file.is_open()) << name;
  std::string hex;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with('#')) hex += line;
  }
  EXPECT_GE(hex.size(), 2 * kBatchHeaderBytes) << name;
  return FromHex(hex);
}

// A record that owns its bytes and compares.
struct Record {
  Offset offset = 0;
  TimestampMs timestamp = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;

  friend bool operator==(const Record&, const Record&) = default;
};

inline std::optional<std::string> Text(const std::optional<BytesView>& bytes) {
  if (!bytes) return std::nullopt;
  return std::string(AsText(*bytes));
}
inline std::optional<BytesView> View(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return AsBytes(*text);
}

inline Record Own(const RecordView& view) {
  Record record{view.offset, view.timestamp, Text(view.key), Text(view.value), {}};
  HeaderCursor headers(view);
  while (const auto header = headers.Next()) {
    record.headers.emplace_back(AsText(header->key), Text(header->value));
  }
  return record;
}

inline Result<std::vector<Record>> ReadRecords(const BatchHeader& header, BytesView block) {
  std::vector<Record> records;
  RecordCursor cursor(header, block);
  while (true) {
    auto next = cursor.Next();
    if (!next.ok()) return std::move(next).error();
    if (!next.value()) return records;
    records.push_back(Own(**next));
  }
}

// Reads a whole batch, decompressing at most 64 MiB.
inline Result<std::vector<Record>> ReadBatch(BytesView batch) {
  const BatchSpan span{BatchHeader::Decode(batch), batch};
  Bytes scratch;
  QALAM_ASSIGN_OR_RETURN(const BytesView block,
                         DecompressRecords(span, scratch, std::size_t{64} << 20));
  return ReadRecords(span.header, block);
}

inline void AddTo(BatchBuilder& builder, const Record& record) {
  std::vector<HeaderInput> headers;
  for (const auto& [key, value] : record.headers) headers.push_back({key, View(value)});
  builder.Add(record.timestamp, View(record.key), View(record.value), headers);
}

inline std::span<std::byte, kBatchHeaderBytes> HeaderOf(Bytes& batch) {
  return std::span(batch).first<kBatchHeaderBytes>();
}

// `change` edits the decoded header; length and CRC are then put right, unless change set the
// length.
template <typename Change>
Bytes WithHeader(Bytes batch, Change change) {
  BatchHeader header = BatchHeader::Decode(batch);
  change(header);
  const auto start = HeaderOf(batch);
  header.Encode(start);
  header.crc = BatchCrc(start, BytesView(batch).subspan(kBatchHeaderBytes));
  header.Encode(start);
  return batch;
}

// The header of `batch` in front of other records, length and CRC right.
inline Bytes WithRecords(const Bytes& batch, BytesView records) {
  Bytes result(batch.begin(), batch.begin() + kBatchHeaderBytes);
  result.insert(result.end(), records.begin(), records.end());
  return WithHeader(std::move(result), [&](BatchHeader& header) {
    header.batch_length =
        static_cast<std::int32_t>(records.size() + kBatchHeaderBytes - kBatchLengthPrefixBytes);
  });
}

inline std::string RandomText(std::mt19937_64& random, std::size_t bytes_max) {
  std::string text(random() % (bytes_max + 1), '\0');
  // Half the texts repeat few letters, so that compressors find something.
  const unsigned letters = random() % 2 == 0 ? 3 : 256;
  for (char& c : text) c = static_cast<char>(random() % letters);
  return text;
}

inline std::optional<std::string> RandomBlob(std::mt19937_64& random, std::size_t bytes_max) {
  if (random() % 8 == 0) return std::nullopt;
  return RandomText(random, bytes_max);
}

inline std::vector<Record> RandomRecords(std::mt19937_64& random, std::size_t count_max) {
  std::vector<Record> records(1 + random() % count_max);
  Offset offset = 0;
  for (Record& record : records) {
    record.offset = offset++;
    record.timestamp = random() % 16 == 0
                           ? kNoTimestamp
                           : kT + static_cast<TimestampMs>(random() % 2'000'000) - 1'000'000;
    const std::size_t value_bytes = random() % 8 == 0 ? 20'000 : 120;
    record.key = RandomBlob(random, 40);
    record.value = RandomBlob(random, value_bytes);
    for (std::size_t headers = random() % 4 == 0 ? random() % 5 : 0; headers > 0; --headers) {
      record.headers.emplace_back(RandomText(random, 10), RandomBlob(random, 30));
    }
  }
  return records;
}

}  // namespace qalam::record_testing
