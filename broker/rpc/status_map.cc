#include "broker/rpc/status_map.h"

#include "broker/wire/error_codec.h"

namespace qalam {
namespace {

constexpr std::size_t kMessageBytesMax = 1024;  // It travels in a header.

}  // namespace

grpc::StatusCode GrpcCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kInvalidTopicName:
    case ErrorCode::kInvalidPartitions:
    case ErrorCode::kInvalidConfig:
    case ErrorCode::kInvalidConfigFile:
    case ErrorCode::kInvalidRecord:
    case ErrorCode::kInvalidTimestamp:
    case ErrorCode::kBatchTooLarge:
    case ErrorCode::kUnsupportedCodec:
    case ErrorCode::kDecompressionLimit:
    case ErrorCode::kCorruptBatch:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorCode::kNotFound:
    case ErrorCode::kUnknownTopic:
    case ErrorCode::kUnknownPartition:
      return grpc::StatusCode::NOT_FOUND;
    case ErrorCode::kTopicExists:
    case ErrorCode::kTopicNameClash:
      return grpc::StatusCode::ALREADY_EXISTS;
    case ErrorCode::kOffsetOutOfRange:
    case ErrorCode::kOutOfRange:
      return grpc::StatusCode::OUT_OF_RANGE;
    case ErrorCode::kOutOfOrderSequence:
    case ErrorCode::kProducerFenced:
    case ErrorCode::kUnknownProducer:
    case ErrorCode::kUnexpectedOffset:
    case ErrorCode::kNotLeader:
    case ErrorCode::kPolicyViolation:
    case ErrorCode::kDirectoryInUse:
    case ErrorCode::kDirectoryUnusable:
    case ErrorCode::kUnsupportedFormat:
    case ErrorCode::kWrongNode:
    case ErrorCode::kCopiedDirectory:
    case ErrorCode::kPortInUse:
    case ErrorCode::kForked:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case ErrorCode::kPrecedingFailed:
    case ErrorCode::kConflict:
      return grpc::StatusCode::ABORTED;
    case ErrorCode::kMessageTooLarge:  // As gRPC itself answers it.
    case ErrorCode::kOverloaded:
    case ErrorCode::kNoSpace:
    case ErrorCode::kBufferFull:
    case ErrorCode::kTooManyRequests:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case ErrorCode::kShuttingDown:
    case ErrorCode::kUnreachable:
      return grpc::StatusCode::UNAVAILABLE;
    case ErrorCode::kCorruption:
    case ErrorCode::kMetadataMissing:
    case ErrorCode::kMetadataDamaged:
      return grpc::StatusCode::DATA_LOSS;
    case ErrorCode::kTimedOut:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case ErrorCode::kCancelled:
      return grpc::StatusCode::CANCELLED;
    case ErrorCode::kPermissionDenied:
      return grpc::StatusCode::PERMISSION_DENIED;
    case ErrorCode::kIo:
    case ErrorCode::kLogFailed:
      return grpc::StatusCode::INTERNAL;
    // Neither done nor not done: no canonical code says so, the reason does. DEADLINE_EXCEEDED with
    // our reason TIMED_OUT means "not done"; without a reason, from gRPC itself, it means this.
    case ErrorCode::kAmbiguous:
    case ErrorCode::kUnknown:
      return grpc::StatusCode::UNKNOWN;
  }
  return grpc::StatusCode::UNKNOWN;
}

grpc::Status ToGrpcStatus(const Error& error) {
  const grpc::StatusCode code = GrpcCodeOf(error.code());
  return grpc::Status(code, Shorten(error.message(), kMessageBytesMax),
                      EncodeStatusDetails(error, static_cast<int>(code)));
}

Error FromGrpcStatus(const grpc::Status& status) {
  if (auto error = DecodeStatusDetails(status.error_details())) return *std::move(error);
  ErrorCode code = ErrorCode::kUnknown;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) code = ErrorCode::kUnreachable;
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) code = ErrorCode::kTimedOut;
  if (status.error_code() == grpc::StatusCode::CANCELLED) code = ErrorCode::kCancelled;
  if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) {
    code = ErrorCode::kPermissionDenied;
  }
  return Error(code, status.error_message());
}

}  // namespace qalam
