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
      address.rfind("unix:", 0) == 0
          ? "Nobody serves this socket now; `qalam owner DIR` says who owns its directory."
          : "Is a broker running at " + address +
                "? Start one with `qalamd --data-dir DIR` or `qalam dev`, or correct the "
                "address.";
  return {"UNREACHABLE",
          "no broker answers at " + address + " (" + status.error_message() + ")",
          true,
          hint,
          {},
          address};
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Whoever answers speaks HTTP, perhaps even HTTP/2, but not our calls.
bool IsNoBroker(const grpc::Status& status) {
  const std::string& text = status.error_message();
  return Contains(text, "Received http2 header with status") ||
         Contains(text, "Trying to connect an http1.x server");
}

Error NoBroker(const grpc::Status& status, const std::string& address) {
  return {"UNREACHABLE",
          address + " does not speak Qalam's gRPC (" + status.error_message() + ")",
          false,
          "Correct -b HOST:PORT: it is the address of --listen, not the one of --http.",
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

std::optional<Error> ErrorFromDetails(BytesView details, const std::string& address) {
  v1::RpcStatus rich;
  if (!rich.ParseFromArray(details.data(), static_cast<int>(details.size()))) return std::nullopt;
  const grpc::Status status(grpc::StatusCode::UNKNOWN, rich.message(),
                            {reinterpret_cast<const char*>(details.data()), details.size()});
  if (!HasErrorInfo(status)) return std::nullopt;
  return ErrorFromGrpc(status, address);
}

bool HasErrorInfo(const grpc::Status& status) { return ParseDetails(status).has_value(); }

bool IsNoAnswer(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && !HasErrorInfo(status);
}

Error Unanswered(const std::string& address, std::chrono::milliseconds timeout) {
  const std::string ms = std::to_string(timeout.count());
  return {"TIMED_OUT",
          "no answer from " + address + " within " + ms + " ms",
          true,
          "Send it again, or allow more time (--timeout).",
          {{"timeout_ms", ms}},
          address};
}

Error UnansweredChange(const std::string& address, std::chrono::milliseconds timeout,
                       const std::string& what, const std::string& way_out) {
  const std::string ms = std::to_string(timeout.count());
  return {"AMBIGUOUS",
          "no answer from " + address + " within " + ms + " ms; " + what +
              " may or may not have been carried out",
          false,
          way_out,
          {{"timeout_ms", ms}},
          address};
}

Error ErrorFromGrpc(const grpc::Status& status, const std::string& address) {
  if (auto found = ParseDetails(status)) {
    std::map<std::string, std::string> details(found->info.metadata().begin(),
                                               found->info.metadata().end());
    return Make(found->info.reason(), status.error_message(), found->may_retry,
                std::move(found->help), std::move(details), address);
  }
  if (IsNoBroker(status)) return NoBroker(status, address);
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return Unreachable(status, address);
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return {"TIMED_OUT", "no answer from " + address + " within the deadline", {}, address};
  }
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    return {
        "UNKNOWN",
        "the broker at " + address + " does not know this call (" + status.error_message() + ")",
        false,
        "It is older than this client, or is no broker of Qalam; `qalam cluster info` shows "
        "its version.",
        {},
        address};
  }
  std::string_view word = WordOf(status.error_code());
  if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
      Contains(status.error_message(), "larger than max")) {
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

Error ErrorAt(const Error& error, const TopicPartition& partition) {
  std::map<std::string, std::string> details = error.details();
  details.emplace("topic", partition.topic);
  details.emplace("partition", std::to_string(partition.partition));
  const std::string number = std::to_string(partition.partition);
  std::string message = error.message();
  if (!Contains(message, "\"" + partition.topic + "\"") &&
      !Contains(message, partition.topic + "-" + number) &&
      !Contains(message, partition.topic + ":" + number))
    message = partition.topic + ":" + number + ": " + message;
  return {error.code(), std::move(message), error.retriable(),
          error.hint(), std::move(details), error.broker()};
}

Error ErrorFromCore(const core::Error& error) {
  std::map<std::string, std::string> details(error.details().begin(), error.details().end());
  return {std::string(ErrorWord(error.code())), error.message(), std::move(details)};
}

}  // namespace qalam::abi0
