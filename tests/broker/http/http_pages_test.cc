#include "broker/http/http_pages.h"

#include <gtest/gtest.h>

#include <optional>

namespace qalam {
namespace {

HttpPage Says(const std::string& text) {
  return [text](const HttpRequest& request, HttpReply reply) {
    HttpResponse response;
    response.body = text;
    for (const auto& [name, value] : request.parts) response.body += " " + name + "=" + value;
    reply(std::move(response));
  };
}

class HttpPagesTest : public testing::Test {
 protected:
  HttpPagesTest() {
    pages_.Add("/topics/{topic}", Says("topic"));
    pages_.Add("DELETE", "/topics/{topic}", Says("delete"));
    pages_.Add("/topics/special", Says("special"));
    pages_.Add("/topics/{topic}/partitions/{number}", Says("partition"));
    pages_.Add("POST", "/topics", Says("make"));
    pages_.Add("/metrics", Says("all"));
    pages_.Add("/", Says("root"));
  }
  HttpResponse Ask(const std::string& path, const std::string& method = "GET") {
    HttpRequest request;
    request.method = method;
    request.path = path;
    std::optional<HttpResponse> answer;
    pages_.Answer(request, [&answer](HttpResponse response) { answer = std::move(response); });
    return answer.value();
  }
  HttpPages pages_;
};

TEST_F(HttpPagesTest, APathHasPartsAndOneThatIsSpeltOutWins) {
  EXPECT_EQ(Ask("/").body, "root");
  EXPECT_EQ(Ask("/metrics").body, "all");
  EXPECT_EQ(Ask("/topics/a").body, "topic topic=a");
  EXPECT_EQ(Ask("/topics/special").body, "special");
  EXPECT_EQ(Ask("/topics/a b/partitions/7").body, "partition number=7 topic=a b");
}

TEST_F(HttpPagesTest, WhatIsNotThereIsSaidWithWhatIs) {
  for (const char* const path :
       {"/metric", "/metrics/", "//", "/topics/", "/topics/a/", "/topics//partitions/1",
        "/topics/a/partitions", "/topics/a/partitions/1/x"}) {
    const HttpResponse response = Ask(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_NE(response.body.find("/topics/{topic}/partitions/{number}"), std::string::npos)
        << response.body;
  }
}

TEST_F(HttpPagesTest, EachPathHasItsMethods) {
  EXPECT_EQ(Ask("/topics/a", "DELETE").body, "delete topic=a");
  EXPECT_EQ(Ask("/topics", "POST").body, "make");
  for (const auto& [method, path, allowed] : {std::tuple{"POST", "/metrics", "GET, HEAD"},
                                              {"GET", "/topics", "POST"},
                                              {"PATCH", "/topics/a", "DELETE, GET, HEAD"},
                                              {"DELETE", "/topics/special", "GET, HEAD"}}) {
    const HttpResponse response = Ask(path, method);
    EXPECT_EQ(response.status, 405) << path;
    ASSERT_EQ(response.headers.size(), 1u);
    EXPECT_EQ(response.headers[0].first, "Allow");
    EXPECT_EQ(response.headers[0].second, allowed);
  }
}

}  // namespace
}  // namespace qalam
