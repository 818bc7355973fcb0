#include "broker/log/producer_state.h"

#include <algorithm>
#include <limits>

#include "common/byte_order.h"
#include "common/crc32c.h"
#include "common/mutant.h"

namespace qalam {
namespace {

// Kafka's file: version i16 = 1 | crc32c u32 over all behind it | count i32 | entries:
// producer id i64 | epoch i16 | last sequence i32 | last offset i64 | offset delta i32 | timestamp
// i64 | coordinator epoch i32 | first offset of the current transaction i64 (-1: none).
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kHeadBytes = 10;
constexpr std::size_t kCrcAt = 2;
constexpr std::size_t kCrcStart = 6;
constexpr std::size_t kEntryBytes = 46;
constexpr std::int64_t kSequences = std::int64_t{1} << 31;

// How far `to` is ahead of `from` on the circle of sequences, in -2^30 .. 2^30.
std::int64_t SequenceDistance(std::int32_t from, std::int32_t to) {
  std::int64_t distance = std::int64_t{to} - from;
  if (distance > kSequences / 2) distance -= kSequences;
  if (distance < -kSequences / 2) distance += kSequences;
  return distance;
}

std::string Who(const BatchHeader& batch) {
  return "producer " + std::to_string(batch.producer_id) + " epoch " +
         std::to_string(batch.producer_epoch);
}

}  // namespace

Result<ProducerVerdict> ProducerState::Check(const BatchHeader& batch) const {
  if (!batch.has_producer()) return ProducerVerdict{};
  const std::int32_t first = batch.base_sequence;
  const std::int32_t last = batch.last_sequence();
  const auto found = producers_.find(batch.producer_id);
  if (found == producers_.end()) {
    if (first == 0 || MutantIs(Mutant::kForgetProducers)) return ProducerVerdict{};
    return Error(ErrorCode::kUnknownProducer,
                 Who(batch) + " is not known here, but its batch begins at sequence " +
                     std::to_string(first));
  }
  const Producer& producer = found->second;
  if (batch.producer_epoch < producer.epoch) {
    return Error(ErrorCode::kProducerFenced,
                 Who(batch) + " is fenced by epoch " + std::to_string(producer.epoch));
  }
  if (batch.producer_epoch > producer.epoch) {
    if (first == 0) return ProducerVerdict{};
    return Error(
               ErrorCode::kOutOfOrderSequence,
               Who(batch) + " is new, so it must begin at sequence 0, not " + std::to_string(first))
        .With("expected_sequence", std::int64_t{0});
  }
  const BatchEntry& newest = producer.batches.back();
  const std::int32_t expected = BatchHeader::AddSequence(newest.last_sequence, 1);
  if (first == expected) return ProducerVerdict{};
  if (SequenceDistance(newest.last_sequence, last) <= 0) {
    ProducerVerdict verdict;
    verdict.duplicate = true;
    for (const BatchEntry& entry : producer.batches) {
      if (entry.first_sequence == first && entry.last_sequence == last) {
        verdict.base_offset = entry.base_offset;
        verdict.last_offset = entry.last_offset;
      }
    }
    return verdict;
  }
  return Error(ErrorCode::kOutOfOrderSequence,
               Who(batch) + " sent sequence " + std::to_string(first) + ".." +
                   std::to_string(last) + ", expected " + std::to_string(expected))
      .With("expected_sequence", std::int64_t{expected});
}

void ProducerState::OnAppended(const BatchHeader& stamped) {
  if (!stamped.has_producer()) return;
  Producer& producer = producers_[stamped.producer_id];
  if (stamped.producer_epoch != producer.epoch) producer.batches.clear();
  producer.epoch = stamped.producer_epoch;
  producer.idle_passes = 0;
  producer.last_timestamp = std::max(producer.last_timestamp, stamped.max_timestamp);
  producer.batches.push_back(
      {stamped.base_sequence, stamped.last_sequence(), stamped.base_offset, stamped.last_offset()});
  if (producer.batches.size() > kBatchesKept) producer.batches.pop_front();
}

void ProducerState::SweepIdle(int passes_max) {
  for (auto it = producers_.begin(); it != producers_.end();) {
    it = ++it->second.idle_passes > passes_max ? producers_.erase(it) : std::next(it);
  }
}

void ProducerState::AdoptHistory(ProducerState longer) {
  for (auto& [id, producer] : producers_) {
    const auto found = longer.producers_.find(id);
    if (found == longer.producers_.end() || found->second.epoch != producer.epoch) continue;
    auto& batches = found->second.batches;
    if (batches.size() <= producer.batches.size() || batches.back() != producer.batches.back()) {
      continue;
    }
    producer.batches = std::move(batches);
  }
}

Bytes ProducerState::EncodeSnapshot() const {
  std::vector<ProducerId> ids;
  ids.reserve(producers_.size());
  for (const auto& [id, producer] : producers_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());

  Bytes bytes(kHeadBytes + ids.size() * kEntryBytes);
  StoreBig16(&bytes[0], kVersion);
  StoreBig32(&bytes[6], static_cast<std::uint32_t>(ids.size()));
  std::byte* at = bytes.data() + kHeadBytes;
  for (const ProducerId id : ids) {
    const Producer& producer = producers_.at(id);
    const BatchEntry& newest = producer.batches.back();
    StoreBig64(at, static_cast<std::uint64_t>(id));
    StoreBig16(at + 8, static_cast<std::uint16_t>(producer.epoch));
    StoreBig32(at + 10, static_cast<std::uint32_t>(newest.last_sequence));
    StoreBig64(at + 14, static_cast<std::uint64_t>(newest.last_offset));
    StoreBig32(at + 22, static_cast<std::uint32_t>(newest.last_offset - newest.base_offset));
    StoreBig64(at + 26, static_cast<std::uint64_t>(producer.last_timestamp));
    StoreBig32(at + 34, static_cast<std::uint32_t>(-1));
    StoreBig64(at + 38, static_cast<std::uint64_t>(-1));
    at += kEntryBytes;
  }
  StoreBig32(&bytes[kCrcAt], Crc32c(BytesView(bytes).subspan(kCrcStart)));
  return bytes;
}

Result<ProducerState> ProducerState::DecodeSnapshot(BytesView bytes) {
  const auto bad = [](const char* what) {
    return Error(ErrorCode::kCorruption, std::string("producer snapshot: ") + what);
  };
  if (bytes.size() < kHeadBytes) return bad("shorter than its head");
  if (LoadBig16(&bytes[0]) != kVersion) return bad("unknown version");
  if (LoadBig32(&bytes[kCrcAt]) != Crc32c(bytes.subspan(kCrcStart))) return bad("wrong CRC");
  const std::uint64_t count = LoadBig32(&bytes[6]);
  if (bytes.size() != kHeadBytes + count * kEntryBytes) return bad("count does not match its size");
  ProducerState state;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::byte* const at = bytes.data() + kHeadBytes + i * kEntryBytes;
    const auto id = static_cast<ProducerId>(LoadBig64(at));
    const auto last_sequence = static_cast<std::int32_t>(LoadBig32(at + 10));
    const auto last_offset = static_cast<Offset>(LoadBig64(at + 14));
    const auto delta = static_cast<std::int32_t>(LoadBig32(at + 22));
    if (id < 0 || last_sequence < 0 || delta < 0 || last_offset < delta)
      return bad("impossible entry");
    std::int64_t first_sequence = std::int64_t{last_sequence} - delta;
    if (first_sequence < 0) first_sequence += kSequences;
    Producer& producer = state.producers_[id];
    producer.epoch = static_cast<std::int16_t>(LoadBig16(at + 8));
    producer.last_timestamp = static_cast<TimestampMs>(LoadBig64(at + 26));
    producer.batches.push_back({static_cast<std::int32_t>(first_sequence), last_sequence,
                                last_offset - delta, last_offset});
  }
  return state;
}

}  // namespace qalam
