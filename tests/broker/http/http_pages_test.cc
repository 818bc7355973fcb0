#include "broker/http/http_pages.h"

#include <gtest/gtest.h>

#include <optional>

namespace qalam {
namespace {

HttpPage Says(const std::string& text) {
  return [text](const HttpRequest& request, HttpReply reply) {
    HttpResponse response;
    response.body = text + " " + request.path;
    reply(std::move(response));
  };
}

class HttpPagesTest : public testing::Test {
 protected:
  HttpPagesTest() {
    pages_.Add("/metrics", Says("all"));
    pages_.Add("/metrics/partitions", Says("partitions"));
    pages_.Add("/topics/", Says("topic"));
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

TEST_F(HttpPagesTest, TheExactPathWinsAndASlashTakesWhatIsBelow) {
  EXPECT_EQ(Ask("/metrics").body, "all /metrics");
  EXPECT_EQ(Ask("/metrics/partitions").body, "partitions /metrics/partitions");
  EXPECT_EQ(Ask("/topics/a").body, "topic /topics/a");
  EXPECT_EQ(Ask("/topics/a/b").body, "topic /topics/a/b");
}

TEST_F(HttpPagesTest, WhatIsNotThereIsSaidWithWhatIs) {
  for (const char* const path : {"/", "/metric", "/metrics/", "/metrics/other", "/topics"}) {
    const HttpResponse response = Ask(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_NE(response.body.find("/metrics/partitions"), std::string::npos) << response.body;
  }
}

TEST_F(HttpPagesTest, OnlyReadingIsPossible) {
  const HttpResponse response = Ask("/metrics", "POST");
  EXPECT_EQ(response.status, 405);
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].second, "GET, HEAD");
}

}  // namespace
}  // namespace qalam
