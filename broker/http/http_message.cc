#include "broker/http/http_message.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace qalam {
namespace {

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> Decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto high = HexDigit(text[i + 1]);
      const auto low = HexDigit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      decoded += static_cast<char>(*high * 16 + *low);
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

bool ParseQuery(std::string_view text, std::map<std::string, std::string>& query) {
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = Decode(pair.substr(0, equals), true);
    auto value = Decode(
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) return false;
    query[*std::move(name)] = *std::move(value);
  }
  return true;
}

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
    case ErrorCode::kUnknownTopic:
    case ErrorCode::kUnknownPartition:
      return 404;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kInvalidTopicName:
    case ErrorCode::kInvalidPartitions:
    case ErrorCode::kInvalidConfig:
    case ErrorCode::kOutOfRange:
    case ErrorCode::kOffsetOutOfRange:
      return 400;
    case ErrorCode::kTopicExists:
    case ErrorCode::kTopicNameClash:
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kPolicyViolation:
      return 403;
    case ErrorCode::kMessageTooLarge:
      return 413;
    case ErrorCode::kTooManyRequests:
    case ErrorCode::kOverloaded:
      return 429;
    case ErrorCode::kShuttingDown:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

std::string_view HttpRequest::Header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : found->second;
}

std::string HttpRequest::Part(std::string_view name) const {
  const auto found = parts.find(name);
  return found == parts.end() ? "" : found->second;
}

std::string HttpRequest::Query(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

bool ParseHttpTarget(std::string_view target, HttpRequest& request) {
  const std::size_t question = target.find('?');
  auto path = Decode(target.substr(0, question), false);
  if (!path || path->empty() || path->front() != '/') return false;
  request.path = *std::move(path);
  return question == std::string_view::npos ||
         ParseQuery(target.substr(question + 1), request.query);
}

HttpResponse ErrorResponse(const Error& error, int status) {
  nlohmann::ordered_json json;
  auto& inner = json["error"];
  inner["reason"] = std::string(ErrorWord(error.code()));
  inner["message"] = error.message();
  inner["hint"] = std::string(InfoOf(error.code()).remedy);
  inner["details"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : error.details()) inner["details"][key] = value;
  HttpResponse response;
  response.status = status != 0 ? status : StatusOf(error.code());
  response.content_type = "application/json";
  // What came from outside need not be UTF-8.
  response.body = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace qalam
