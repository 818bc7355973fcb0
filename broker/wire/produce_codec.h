#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/api/requests.h"
#include "broker/wire/proto_cursor.h"
#include "common/bytes.h"
#include "common/result.h"

namespace qalam {

// The messages of a Produce stream, without protobuf's copies. Thread: any.
struct ProduceOpen {
  TopicPartition partition;
  Acks acks = Acks::kAll;
  std::string client_id;
  std::uint64_t stream_number = 0;
};
struct ProduceBatchMessage {
  std::uint64_t batch_id = 0;
  std::optional<Offset> expected_offset;
  SharedSlice batch;  // Contiguous; where it arrived so, a part of the message, kept alive by it.
};
struct ProduceRestart {};
using ProduceMessage = std::variant<ProduceOpen, ProduceBatchMessage, ProduceRestart>;

// One qalam.v1.ProduceRequest, by the rules of protobuf: fields in any order, the last of a oneof
// counts, unknown ones are skipped. Never takes more memory than the message has bytes. Errors:
// kInvalidArgument (details: field).
Result<ProduceMessage> DecodeProduceRequest(SliceSpan message);

struct ProduceAnswer {
  std::uint64_t batch_id = 0;
  Result<AppendResult> result;
};
// One qalam.v1.ProduceResponse.
Bytes EncodeProduceResponse(const std::vector<ProduceAnswer>& answers);

// A qalam.v1.FetchResponse or TailResponse (their fields are the same) as slices: batches are
// borrowed, except small ones, which are copied together.
std::vector<SharedSlice> EncodeFetchResult(const FetchResult& result);

}  // namespace qalam
