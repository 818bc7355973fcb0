#include "client/wire_error.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace qalam::abi0 {
namespace {

struct Details {
  v1::ErrorInfo info;
  bool may_retry = false;
  std::string help;
};

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() &&
         std::string_view(text).substr(text.size() - end.size()) == end;
}

std::optional<Details> ParseDetails(const grpc::Status& status) {
  v1::RpcStatus rich;
  if (status.error_details().empty() || !rich.ParseFromString(status.error_details())) {
    return std::nullopt;
  }
  Details found;
  for (const auto& detail : rich.details()) {
    if (EndsWith(detail.type_url(), "/google.rpc.ErrorInfo")) {
      if (!found.info.ParseFromString(detail.value())) return std::nullopt;
    } else if (EndsWith(detail.type_url(), "/google.rpc.RetryInfo")) {
      found.may_retry = true;
    } else if (EndsWith(detail.type_url(), "/google.rpc.Help")) {
      v1::Help help;
      if (help.ParseFromString(detail.value()) && help.links_size() > 0) {
        found.help = help.links(0).description();
      }
    }
  }
  if (found.info.domain() != "qalam" || found.info.reason().empty()) return std::nullopt;
  return found;
}

// A known word has its retry rule and hint in our own table; an unknown one brings them along.
Error Make(std::string word, std::string message, bool retriable, std::string hint,
           std::map<std::string, std::string> details, const std::string& address) {
  if (ErrorCodeFromWord(word)) {
    return {std::move(word), std::move(message), std::move(details), address};
  }
  return {std::move(word), std::move(message), retriable,
          std::move(hint), std::move(details), address};
}

Error Unreachable(const grpc::Status& status, const std::string& address) {
  const std::string hint =
      "Is a broker running at " + address +
      "? Start one with `qalamd --data-dir DIR` or `qalam dev`, or correct the "
      "address.";
  return {"UNREACHABLE",
          "no broker answers at " + address + " (" + status.error_message() + ")",
          true,
          hint,
          {},
          address};
}

std::string_view WordOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::CANCELLED:
      return "CANCELLED";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "TIMED_OUT";
    case grpc::StatusCode::NOT_FOUND:
      return "NOT_FOUND";
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return "PERMISSION_DENIED";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "TOO_MANY_REQUESTS";
    default:
      return "UNKNOWN";
  }
}

}  // namespace

bool HasErrorInfo(const grpc::Status& status) { return ParseDetails(status).has_value(); }

Error ErrorFromGrpc(const grpc::Status& status, const std::string& address) {
  if (auto found = ParseDetails(status)) {
    std::map<std::string, std::string> details(found->info.metadata().begin(),
                                               found->info.metadata().end());
    return Make(found->info.reason(), status.error_message(), found->may_retry,
                std::move(found->help), std::move(details), address);
  }
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return Unreachable(status, address);
  std::string_view word = WordOf(status.error_code());
  if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
      status.error_message().find("larger than max") != std::string::npos) {
    word = "MESSAGE_TOO_LARGE";
  }
  std::string message = status.error_message();
  if (message.empty())
    message = "the call ended with gRPC code " + std::to_string(status.error_code());
  return {std::string(word), std::move(message), {}, address};
}

Error ErrorFromWire(const v1::ErrorStatus& status, const std::string& address) {
  std::map<std::string, std::string> details(status.metadata().begin(), status.metadata().end());
  return Make(status.reason().empty() ? "UNKNOWN" : status.reason(), status.message(),
              status.retriable(), {}, std::move(details), address);
}

Error ErrorFromCore(const core::Error& error) {
  std::map<std::string, std::string> details(error.details().begin(), error.details().end());
  return {std::string(ErrorWord(error.code())), error.message(), std::move(details)};
}

}  // namespace qalam::abi0
