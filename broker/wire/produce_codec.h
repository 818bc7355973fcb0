#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/api/requests.h"
#include "common/bytes.h"
#include "common/result.h"

namespace qalam {

// The messages of a Produce stream, without protobuf's copies. Thread: any.
struct ProduceOpen {
  TopicPartition partition;
  Acks acks = Acks::kAll;
  std::string client_id;
};
struct ProduceBatchMessage {
  std::uint64_t batch_id = 0;
  std::optional<Offset> expected_offset;
  SharedSlice batch;  // A part of the message, kept alive by it.
};
struct ProduceRestart {};
using ProduceMessage = std::variant<ProduceOpen, ProduceBatchMessage, ProduceRestart>;

// Errors: kInvalidArgument.
Result<ProduceMessage> DecodeProduceRequest(const SharedSlice& message);

struct ProduceAnswer {
  std::uint64_t batch_id = 0;
  Result<AppendResult> result;
};
// One qalam.v1.ProduceResponse.
Bytes EncodeProduceResponse(const std::vector<ProduceAnswer>& answers);

// A qalam.v1.FetchResponse or TailResponse (their fields are the same) as slices: the batches are
// borrowed.
std::vector<SharedSlice> EncodeFetchResult(const FetchResult& result);

}  // namespace qalam
