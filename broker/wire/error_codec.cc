#include "broker/wire/error_codec.h"

#include <google/protobuf/any.pb.h>

#include <optional>

namespace qalam {
namespace {

constexpr const char* kDomain = "qalam";
constexpr const char* kTypePrefix = "type.googleapis.com/google.rpc.";
constexpr int kRetryDelayNanos = 100'000'000;
constexpr const char* kHelpUrl = "docs/reference/errors.md";
// Errors travel in headers, which clients bound (8 KiB by default). Names that a client sent may be
// of any length.
constexpr std::size_t kMessageBytesMax = 1024;
constexpr std::size_t kDetailBytesMax = 256;
constexpr std::size_t kDetailsMax = 16;

template <typename Map>
void AddDetails(const Error& error, Map& out) {
  for (const auto& [key, value] : error.details()) {
    if (out.size() == kDetailsMax) return;
    out[Shorten(key, kDetailBytesMax)] = Shorten(value, kDetailBytesMax);
  }
}

// The field at fault. Most errors name it; for some, the code does.
std::optional<std::string> FieldOf(const Error& error) {
  if (const auto field = error.detail("field")) return Shorten(*field, kDetailBytesMax);
  switch (error.code()) {
    case ErrorCode::kInvalidTopicName:
    case ErrorCode::kTopicNameClash:
      return "name";
    case ErrorCode::kInvalidPartitions:
      return "partitions_count";
    case ErrorCode::kInvalidConfig:
      return "config[" + Shorten(error.detail("key").value_or(""), kDetailBytesMax) + "]";
    default:
      return std::nullopt;
  }
}

template <typename Message>
void AddDetail(v1::RpcStatus& status, const char* name, const Message& message) {
  google::protobuf::Any& any = *status.add_details();
  any.set_type_url(std::string(kTypePrefix) + name);
  any.set_value(message.SerializeAsString());
}

}  // namespace

std::string Shorten(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  constexpr std::string_view kMark = "...";
  std::size_t size = bytes_max - kMark.size();
  // Not within a character of UTF-8.
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size)) + std::string(kMark);
}

void ToProto(const Error& error, v1::ErrorStatus& out) {
  out.set_reason(std::string(ErrorWord(error.code())));
  out.set_message(Shorten(error.message(), kMessageBytesMax));
  out.set_retriable(IsRetriable(error.code()));
  AddDetails(error, *out.mutable_metadata());
}

std::string EncodeStatusDetails(const Error& error, int grpc_code) {
  const ErrorInfo& row = InfoOf(error.code());
  v1::RpcStatus status;
  status.set_code(grpc_code);
  status.set_message(Shorten(error.message(), kMessageBytesMax));
  v1::ErrorInfo info;
  info.set_reason(std::string(row.word));
  info.set_domain(kDomain);
  AddDetails(error, *info.mutable_metadata());
  AddDetail(status, "ErrorInfo", info);
  if (row.retriable) {
    v1::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(kRetryDelayNanos);
    AddDetail(status, "RetryInfo", retry);
  }
  if (const auto field = FieldOf(error)) {
    v1::BadRequest bad;
    auto& violation = *bad.add_field_violations();
    violation.set_field(*field);
    violation.set_description(Shorten(error.message(), kDetailBytesMax));
    AddDetail(status, "BadRequest", bad);
  }
  v1::Help help;
  auto& link = *help.add_links();
  link.set_description(std::string(row.remedy));
  link.set_url(kHelpUrl);
  AddDetail(status, "Help", help);
  return status.SerializeAsString();
}

std::optional<Error> DecodeStatusDetails(const std::string& bytes) {
  v1::RpcStatus status;
  if (bytes.empty() || !status.ParseFromString(bytes)) return std::nullopt;
  for (const google::protobuf::Any& detail : status.details()) {
    v1::ErrorInfo info;
    if (detail.type_url() != std::string(kTypePrefix) + "ErrorInfo") continue;
    if (!info.ParseFromString(detail.value()) || info.domain() != kDomain) return std::nullopt;
    Error error(ErrorCodeFromWord(info.reason()).value_or(ErrorCode::kUnknown), status.message());
    for (const auto& [key, value] : info.metadata()) {
      static_cast<void>(std::move(error).With(key, value));
    }
    return error;
  }
  return std::nullopt;
}

}  // namespace qalam
