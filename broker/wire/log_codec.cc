#include "broker/wire/log_codec.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "broker/wire/error_codec.h"

namespace qalam {
namespace {

Bytes ToBytes(const std::string& text) {
  const BytesView view = AsBytes(text);
  return Bytes(view.begin(), view.end());
}

}  // namespace

Result<Acks> FromProto(v1::Acks acks) {
  switch (acks) {
    case v1::ACKS_NONE:
      return Acks::kNone;
    case v1::ACKS_LEADER:
      return Acks::kLeader;
    case v1::ACKS_UNSPECIFIED:
    case v1::ACKS_ALL:
      return Acks::kAll;
    default:
      return Error(ErrorCode::kInvalidArgument,
                   "acks is " + std::to_string(static_cast<int>(acks)) + ", which means nothing")
          .With("field", "acks");
  }
}

v1::Durability ToProto(Durability durability) {
  switch (durability) {
    case Durability::kMemory:
      return v1::DURABILITY_MEMORY;
    case Durability::kOs:
      return v1::DURABILITY_OS;
    case Durability::kFsync:
      return v1::DURABILITY_FSYNC;
  }
  return v1::DURABILITY_UNSPECIFIED;
}

Result<AppendRequest> FromProto(const v1::AppendRequest& request) {
  AppendRequest out;
  out.partition = {request.topic(), request.partition()};
  QALAM_ASSIGN_OR_RETURN(out.acks, FromProto(request.acks()));
  if (request.has_expected_offset()) out.expected_offset = request.expected_offset();
  if (request.has_producer_id()) out.producer_id = request.producer_id();
  if (request.has_producer_epoch()) {
    if (request.producer_epoch() < 0 || request.producer_epoch() > INT16_MAX) {
      return Error(ErrorCode::kInvalidArgument, "producer_epoch is outside 0 to 32767")
          .With("field", "producer_epoch");
    }
    out.producer_epoch = static_cast<std::int16_t>(request.producer_epoch());
  }
  if (request.has_base_sequence()) out.base_sequence = request.base_sequence();
  for (const v1::Record& record : request.records()) {
    PlainRecord plain;
    if (record.has_key()) plain.key = ToBytes(record.key());
    if (record.has_value()) plain.value = ToBytes(record.value());
    if (record.has_timestamp_ms()) plain.timestamp = record.timestamp_ms();
    for (const v1::Header& header : record.headers()) {
      plain.headers.push_back({header.key(), header.has_value()
                                                 ? std::optional<Bytes>(ToBytes(header.value()))
                                                 : std::nullopt});
    }
    out.records.push_back(std::move(plain));
  }
  return out;
}

void ToProto(const AppendResult& result, v1::AppendResponse& out) {
  out.set_base_offset(result.base_offset);
  out.set_last_offset(result.last_offset);
  out.set_leader_epoch(result.leader_epoch);
  out.set_durability(ToProto(result.durability));
  out.set_duplicate(result.duplicate);
  out.set_append_time_ms(result.append_time);
}

std::size_t FetchBytesMax(std::int32_t max_bytes) {
  constexpr std::size_t kDefault = std::size_t{1} << 20;
  return max_bytes > 0 ? static_cast<std::size_t>(max_bytes) : kDefault;
}

FetchRequest FromProto(const v1::FetchRequest& request) {
  FetchRequest out;
  out.partition = {request.topic(), request.partition()};
  out.offset = request.offset();
  out.bytes_max = FetchBytesMax(request.max_bytes());
  out.wait_max = std::chrono::milliseconds(std::max(0, request.max_wait_ms()));
  return out;
}

Result<std::vector<OffsetQuery>> FromProto(const v1::ListOffsetsRequest& request) {
  std::vector<OffsetQuery> queries;
  for (const auto& query : request.queries()) {
    OffsetQuery out;
    out.partition = query.partition();
    switch (query.at_case()) {
      case v1::ListOffsetsRequest::Query::kTimestampMs:
        out.at = OffsetQuery::At::kTimestamp;
        out.timestamp = query.timestamp_ms();
        break;
      case v1::ListOffsetsRequest::Query::kEarliest:
        out.at = OffsetQuery::At::kEarliest;
        break;
      case v1::ListOffsetsRequest::Query::kLatest:
        out.at = OffsetQuery::At::kLatest;
        break;
      case v1::ListOffsetsRequest::Query::kMaxTimestamp:
        out.at = OffsetQuery::At::kMaxTimestamp;
        break;
      default:
        return Error(ErrorCode::kInvalidArgument,
                     "a query needs one of timestamp_ms, earliest, latest, max_timestamp")
            .With("field", "queries.at");
    }
    queries.push_back(out);
  }
  return queries;
}

void ToProto(const std::vector<OffsetAnswer>& answers, v1::ListOffsetsResponse& out) {
  for (const OffsetAnswer& answer : answers) {
    auto& result = *out.add_results();
    result.set_partition(answer.partition);
    result.set_offset(answer.offset);
    result.set_timestamp_ms(answer.timestamp);
    result.set_leader_epoch(answer.leader_epoch);
    if (answer.error) ToProto(*answer.error, *result.mutable_error());
  }
}

}  // namespace qalam
