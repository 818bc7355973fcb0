#include "broker/wire/error_codec.h"

#include <google/protobuf/any.pb.h>

namespace qalam {
namespace {

constexpr const char* kDomain = "qalam";
constexpr const char* kTypePrefix = "type.googleapis.com/google.rpc.";
constexpr int kRetryDelayNanos = 100'000'000;
constexpr const char* kHelpUrl = "urn:qalam:docs/reference/errors.md";

template <typename Message>
void AddDetail(v1::RpcStatus& status, const char* name, const Message& message) {
  google::protobuf::Any& any = *status.add_details();
  any.set_type_url(std::string(kTypePrefix) + name);
  any.set_value(message.SerializeAsString());
}

}  // namespace

void ToProto(const Error& error, v1::ErrorStatus& out) {
  out.set_reason(std::string(ErrorWord(error.code())));
  out.set_message(error.message());
  out.set_retriable(IsRetriable(error.code()));
  for (const auto& [key, value] : error.details()) (*out.mutable_metadata())[key] = value;
}

std::string EncodeStatusDetails(const Error& error, int grpc_code) {
  const ErrorInfo& row = InfoOf(error.code());
  v1::RpcStatus status;
  status.set_code(grpc_code);
  status.set_message(error.message());
  v1::ErrorInfo info;
  info.set_reason(std::string(row.word));
  info.set_domain(kDomain);
  for (const auto& [key, value] : error.details()) (*info.mutable_metadata())[key] = value;
  AddDetail(status, "ErrorInfo", info);
  if (row.retriable) {
    v1::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(kRetryDelayNanos);
    AddDetail(status, "RetryInfo", retry);
  }
  if (const auto field = error.detail("field")) {
    v1::BadRequest bad;
    auto& violation = *bad.add_field_violations();
    violation.set_field(std::string(*field));
    violation.set_description(error.message());
    AddDetail(status, "BadRequest", bad);
  }
  v1::Help help;
  auto& link = *help.add_links();
  link.set_description(std::string(row.remedy));
  link.set_url(kHelpUrl);
  AddDetail(status, "Help", help);
  return status.SerializeAsString();
}

}  // namespace qalam
