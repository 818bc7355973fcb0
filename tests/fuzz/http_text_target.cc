#include <string>
#include <string_view>

#include "broker/http/http_message.h"
#include "broker/http/page_token.h"
#include "broker/http/parameters.h"
#include "broker/http/stored_file.h"
#include "broker/http/write_guard.h"
#include "broker/wire/json_request.h"
#include "common/check.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

namespace qalam::fuzz {
namespace {

constexpr std::string_view kOwnHost = "127.0.0.1:7480";

template <typename Request>
void CheckRefusal(const Result<Request>& request) {
  if (request.ok()) return;
  QALAM_CHECK(request.error().code() == ErrorCode::kInvalidArgument);
  QALAM_CHECK(!request.error().message().empty());
  QALAM_CHECK(ErrorResponse(request.error()).status == 400);
}

void RunBodies(std::string_view text) {
  CheckRefusal(CreateTopicFromJson(text));
  CheckRefusal(ConfigChangeFromJson(text));
  CheckRefusal(TrimFromJson(text));
}

void RunToken(std::string_view text) {
  const auto token = PageToken::Parse(text);
  if (!token.ok()) return;
  const auto again = PageToken::Parse(token->ToString());
  QALAM_CHECK(again.ok() && again->offsets == token->offsets);
  for (const Offset offset : token->offsets) QALAM_CHECK(offset >= 0);
}

void RunTarget(std::string_view text) {
  HttpRequest request;
  if (!ParseHttpTarget(text, request)) return;
  QALAM_CHECK(request.path.starts_with('/'));
  (void)NumberParameter(request, "limit", 1, 500);
  request.parts = {{"partition", request.path}};
  const auto partition = PartitionInPath(request);
  QALAM_CHECK(!partition.ok() || partition->partition >= 0);
}

// What gets through says that it comes from our own page, or from no page at all.
void RunHeaders(FuzzInput& in) {
  HttpRequest request;
  request.headers["host"] = kOwnHost;
  for (const char* const name : {"x-qalam-request", "origin", "sec-fetch-site", "content-type",
                                 "accept-encoding", "if-none-match"}) {
    request.headers[name] = std::string(AsText(in.Part()));
  }
  request.body = "{}";
  if (CheckWrite(request, HttpMode::kOperator).ok()) {
    const std::string_view origin = request.Header("origin");
    QALAM_CHECK(origin.empty() || origin.ends_with(kOwnHost));
    QALAM_CHECK(request.Header("x-qalam-request") == "1");
  }
  QALAM_CHECK(!CheckWrite(request, HttpMode::kReadOnly).ok());
  (void)ServeStored(EmbeddedOpenApi().front(), request, "no-cache");
}

// kind u8 | ...
void RunHttp(BytesView input) {
  FuzzInput in(input);
  const std::uint8_t kind = in.Byte();
  if (kind % 4 == 0) RunBodies(AsText(in.Rest()));
  if (kind % 4 == 1) RunToken(AsText(in.Rest()));
  if (kind % 4 == 2) RunTarget(AsText(in.Rest()));
  if (kind % 4 == 3) RunHeaders(in);
}

}  // namespace

const FuzzTarget kHttpTextTarget = {"http_text", RunHttp, nullptr};

}  // namespace qalam::fuzz
