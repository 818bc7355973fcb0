#include "broker/rpc/status_map.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "qalam/v1/error.pb.h"

namespace qalam {
namespace {

using Code = grpc::StatusCode;

// The contract, code by code: changed by hand only, as clients rely on it.
const std::map<ErrorCode, Code> kContract = {
    {ErrorCode::kUnknown, Code::UNKNOWN},
    {ErrorCode::kInvalidArgument, Code::INVALID_ARGUMENT},
    {ErrorCode::kNotFound, Code::NOT_FOUND},
    {ErrorCode::kUnknownTopic, Code::NOT_FOUND},
    {ErrorCode::kUnknownPartition, Code::NOT_FOUND},
    {ErrorCode::kInvalidTopicName, Code::INVALID_ARGUMENT},
    {ErrorCode::kTopicExists, Code::ALREADY_EXISTS},
    {ErrorCode::kTopicNameClash, Code::ALREADY_EXISTS},
    {ErrorCode::kInvalidPartitions, Code::INVALID_ARGUMENT},
    {ErrorCode::kInvalidConfig, Code::INVALID_ARGUMENT},
    {ErrorCode::kOffsetOutOfRange, Code::OUT_OF_RANGE},
    {ErrorCode::kCorruptBatch, Code::INVALID_ARGUMENT},
    {ErrorCode::kInvalidRecord, Code::INVALID_ARGUMENT},
    {ErrorCode::kInvalidTimestamp, Code::INVALID_ARGUMENT},
    {ErrorCode::kBatchTooLarge, Code::INVALID_ARGUMENT},
    {ErrorCode::kUnsupportedCodec, Code::INVALID_ARGUMENT},
    {ErrorCode::kDecompressionLimit, Code::INVALID_ARGUMENT},
    {ErrorCode::kOutOfOrderSequence, Code::FAILED_PRECONDITION},
    {ErrorCode::kProducerFenced, Code::FAILED_PRECONDITION},
    {ErrorCode::kUnknownProducer, Code::FAILED_PRECONDITION},
    {ErrorCode::kUnexpectedOffset, Code::FAILED_PRECONDITION},
    {ErrorCode::kPrecedingFailed, Code::ABORTED},
    {ErrorCode::kOverloaded, Code::RESOURCE_EXHAUSTED},
    {ErrorCode::kShuttingDown, Code::UNAVAILABLE},
    {ErrorCode::kNotLeader, Code::FAILED_PRECONDITION},
    {ErrorCode::kNoSpace, Code::RESOURCE_EXHAUSTED},
    {ErrorCode::kIo, Code::INTERNAL},
    {ErrorCode::kLogFailed, Code::INTERNAL},
    {ErrorCode::kCorruption, Code::DATA_LOSS},
    {ErrorCode::kDirectoryInUse, Code::FAILED_PRECONDITION},
    {ErrorCode::kDirectoryUnusable, Code::FAILED_PRECONDITION},
    {ErrorCode::kUnsupportedFormat, Code::FAILED_PRECONDITION},
    {ErrorCode::kWrongNode, Code::FAILED_PRECONDITION},
    {ErrorCode::kCopiedDirectory, Code::FAILED_PRECONDITION},
    {ErrorCode::kMetadataMissing, Code::DATA_LOSS},
    {ErrorCode::kMetadataDamaged, Code::DATA_LOSS},
    {ErrorCode::kConflict, Code::ABORTED},
    {ErrorCode::kTimedOut, Code::DEADLINE_EXCEEDED},
    {ErrorCode::kAmbiguous, Code::UNKNOWN},
    {ErrorCode::kCancelled, Code::CANCELLED},
    {ErrorCode::kUnreachable, Code::UNAVAILABLE},
    {ErrorCode::kPortInUse, Code::FAILED_PRECONDITION},
    {ErrorCode::kPolicyViolation, Code::FAILED_PRECONDITION},
    {ErrorCode::kBufferFull, Code::RESOURCE_EXHAUSTED},
    {ErrorCode::kOutOfRange, Code::OUT_OF_RANGE},
    {ErrorCode::kMessageTooLarge, Code::RESOURCE_EXHAUSTED},
    {ErrorCode::kTooManyRequests, Code::RESOURCE_EXHAUSTED},
    {ErrorCode::kPermissionDenied, Code::PERMISSION_DENIED},
    {ErrorCode::kInvalidConfigFile, Code::INVALID_ARGUMENT},
    {ErrorCode::kForked, Code::FAILED_PRECONDITION},
};

TEST(StatusMapTest, EveryCodeMapsAsAgreed) {
  for (const ErrorInfo& row : AllErrors()) {
    const auto expected = kContract.find(row.code);
    ASSERT_NE(expected, kContract.end()) << row.word << " has no canonical code in the contract";
    EXPECT_EQ(GrpcCodeOf(row.code), expected->second) << row.word;
  }
  EXPECT_EQ(kContract.size(), AllErrors().size());
}

TEST(StatusMapTest, EveryStatusCarriesItsDetails) {
  for (const ErrorInfo& row : AllErrors()) {
    const grpc::Status status = ToGrpcStatus(Error(row.code, "what happened"));
    EXPECT_EQ(status.error_message(), "what happened");
    v1::RpcStatus rich;
    ASSERT_TRUE(rich.ParseFromString(status.error_details())) << row.word;
    EXPECT_EQ(rich.code(), static_cast<int>(status.error_code()));
    v1::ErrorInfo info;
    ASSERT_GE(rich.details_size(), 1);
    ASSERT_TRUE(info.ParseFromString(rich.details(0).value()));
    EXPECT_EQ(info.reason(), row.word);
  }
}

TEST(StatusMapTest, AHugeMessageStaysWithinHeaders) {
  const grpc::Status status =
      ToGrpcStatus(Error(ErrorCode::kUnknownTopic, std::string(1 << 20, 'x')));
  EXPECT_LE(status.error_message().size() + status.error_details().size(), 8000u);
}

}  // namespace
}  // namespace qalam
