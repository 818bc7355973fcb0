#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/produce_state.h"
#include "qalam/result.h"

// The hot messages of qalam.v1.LogService, by hand: a batch goes from our buffer to the connection,
// and from the connection to the reader's buffer, without a copy into a protobuf string. Everything
// else uses the generated code. Thread: any.
namespace qalam::abi0 {

struct ProduceOpen {
  std::string topic;
  std::int32_t partition = 0;
  Acks acks = Acks::kAll;
  std::string client_id;
  std::uint64_t stream_number = 0;
};
grpc::ByteBuffer EncodeProduce(const ProduceMessage& message, const ProduceOpen& open);
// The same message up to `message.batch`, which ends it.
std::string EncodeProduceHead(const ProduceMessage& message, const ProduceOpen& open);

// Nothing when the bytes are no ProduceResponse.
std::optional<std::vector<BatchAnswer>> DecodeProduceResponse(grpc::ByteBuffer& message,
                                                              const std::string& address);
std::optional<std::vector<BatchAnswer>> DecodeProduceResponse(BytesView message,
                                                              const std::string& address);

struct TailOpen {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int32_t bytes_max = 0;
  std::string client_id;
};
grpc::ByteBuffer EncodeTail(const TailOpen& open);

// Bytes that are not initialised before they are filled, kept for the next message.
class RawBuffer {
 public:
  std::byte* Resize(std::size_t bytes);
  BytesView view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

struct TailMessage {
  std::int64_t next_offset = 0;
  std::int64_t high_watermark = 0;
  std::int64_t log_start_offset = 0;
  std::int32_t leader_epoch = 0;
};
// Puts the batches of a TailResponse into `batches`. Fields in any order; unknown ones are skipped.
// Nothing when the bytes are no TailResponse.
std::optional<TailMessage> DecodeTailResponse(grpc::ByteBuffer& message, RawBuffer& batches);

}  // namespace qalam::abi0
