#include "broker/http/http_message.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace qalam {
namespace {

TEST(HttpMessageTest, ATargetIsSplitAndDecoded) {
  HttpRequest request;
  ASSERT_TRUE(ParseHttpTarget("/api/v1/topics/a%20b?page_size=5&x=1%2B1&y=a+b&empty", request));
  EXPECT_EQ(request.path, "/api/v1/topics/a b");
  EXPECT_EQ(request.query["page_size"], "5");
  EXPECT_EQ(request.query["x"], "1+1");
  EXPECT_EQ(request.query["y"], "a b");
  EXPECT_EQ(request.query["empty"], "");
}

TEST(HttpMessageTest, BadTargetsAreNone) {
  for (const char* const target : {"", "*", "no/slash", "/a%2", "/a%zz", "/a?b=%f"}) {
    HttpRequest request;
    EXPECT_FALSE(ParseHttpTarget(target, request)) << target;
  }
}

TEST(HttpMessageTest, AnErrorSaysWhyAndWhatToDo) {
  const HttpResponse response =
      ErrorResponse(Error(ErrorCode::kUnknownTopic, "no topic named \"\xff\"").With("topic", "x"));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/json");
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json["error"]["reason"], "UNKNOWN_TOPIC");
  EXPECT_FALSE(json["error"]["hint"].get<std::string>().empty());
  EXPECT_EQ(json["error"]["details"]["topic"], "x");
  EXPECT_EQ(ErrorResponse(Error(ErrorCode::kIo, "x")).status, 500);
  EXPECT_EQ(ErrorResponse(Error(ErrorCode::kIo, "x"), 418).status, 418);
}

}  // namespace
}  // namespace qalam
