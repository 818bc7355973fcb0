#include "broker/wire/error_codec.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

namespace qalam {
namespace {

constexpr const char* kPrefix = "type.googleapis.com/google.rpc.";

// The details of a status, by the last word of their type.
std::map<std::string, std::string> DetailsOf(const Error& error, int code = 5) {
  v1::RpcStatus status;
  EXPECT_TRUE(status.ParseFromString(EncodeStatusDetails(error, code)));
  EXPECT_EQ(status.code(), code);
  std::map<std::string, std::string> details;
  for (const auto& any : status.details()) {
    EXPECT_EQ(any.type_url().rfind(kPrefix, 0), 0u) << any.type_url();
    details[any.type_url().substr(std::string(kPrefix).size())] = any.value();
  }
  return details;
}

std::optional<std::string> FieldAtFault(const Error& error) {
  auto details = DetailsOf(error);
  v1::BadRequest bad;
  if (!details.contains("BadRequest")) return std::nullopt;
  EXPECT_TRUE(bad.ParseFromString(details["BadRequest"]));
  return bad.field_violations(0).field();
}

TEST(ErrorCodecTest, EveryCodeHasReasonDomainAndHelp) {
  for (const ErrorInfo& row : AllErrors()) {
    auto details = DetailsOf(Error(row.code, "message").With("topic", "orders"));
    v1::ErrorInfo info;
    ASSERT_TRUE(info.ParseFromString(details["ErrorInfo"])) << row.word;
    EXPECT_EQ(info.reason(), row.word);
    EXPECT_EQ(info.domain(), "qalam");
    EXPECT_EQ(info.metadata().at("topic"), "orders");
    v1::Help help;
    ASSERT_TRUE(help.ParseFromString(details["Help"])) << row.word;
    EXPECT_EQ(help.links(0).description(), row.remedy);
    EXPECT_EQ(details.contains("RetryInfo"), row.retriable) << row.word;
  }
}

TEST(ErrorCodecTest, RetryInfoSaysHowLongToWait) {
  auto details = DetailsOf(Error(ErrorCode::kOverloaded, "full"));
  v1::RetryInfo retry;
  ASSERT_TRUE(retry.ParseFromString(details["RetryInfo"]));
  EXPECT_GT(retry.retry_delay().nanos(), 0);
}

TEST(ErrorCodecTest, TheFieldAtFaultIsNamed) {
  EXPECT_EQ(FieldAtFault(Error(ErrorCode::kInvalidArgument, "m").With("field", "producer_epoch")),
            "producer_epoch");
  EXPECT_EQ(FieldAtFault(Error(ErrorCode::kInvalidTopicName, "m")), "name");
  EXPECT_EQ(FieldAtFault(Error(ErrorCode::kInvalidConfig, "m").With("key", "retention.msx")),
            "config[retention.msx]");
  EXPECT_EQ(FieldAtFault(Error(ErrorCode::kInvalidPartitions, "m")), "partitions_count");
  EXPECT_EQ(FieldAtFault(Error(ErrorCode::kUnknownTopic, "m")), std::nullopt);
}

TEST(ErrorCodecTest, WhatAClientSentCanNotMakeAnErrorLong) {
  Error error(ErrorCode::kUnknownTopic, "no topic named " + std::string(1 << 20, 'x'));
  error = std::move(error).With("topic", std::string(1 << 20, 'x'));
  for (int i = 0; i < 1000; ++i) {
    error = std::move(error).With("detail" + std::to_string(i), std::string(100, 'v'));
  }
  EXPECT_LT(EncodeStatusDetails(error, 5).size(), 6000u);
  v1::ErrorStatus status;
  ToProto(error, status);
  EXPECT_LT(status.ByteSizeLong(), 6000u);
}

TEST(ErrorCodecTest, AnErrorInAMessageIsComplete) {
  v1::ErrorStatus status;
  ToProto(Error(ErrorCode::kNoSpace, "the disk is full").With("free_bytes", std::int64_t{0}),
          status);
  EXPECT_EQ(status.reason(), "NO_SPACE");
  EXPECT_EQ(status.message(), "the disk is full");
  EXPECT_TRUE(status.retriable());
  EXPECT_EQ(status.metadata().at("free_bytes"), "0");
}

TEST(ErrorCodecTest, ShortenKeepsWholeCharacters) {
  EXPECT_EQ(Shorten("short", 5), "short");
  EXPECT_EQ(Shorten("longer", 5), "lo...");
  EXPECT_EQ(Shorten("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 6), "\xc3\xa4...");
  EXPECT_EQ(Shorten("\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 6), "...");
}

}  // namespace
}  // namespace qalam
