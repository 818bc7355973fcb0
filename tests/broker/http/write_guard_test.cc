#include "broker/http/write_guard.h"

#include <gtest/gtest.h>

#include <optional>

namespace qalam {
namespace {

// As the console's page sends it.
HttpRequest OwnRequest() {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"host", "127.0.0.1:7480"},
                     {"origin", "http://127.0.0.1:7480"},
                     {"sec-fetch-site", "same-origin"},
                     {"content-type", "application/json"},
                     {"x-qalam-request", "1"}};
  request.body = "{}";
  return request;
}

std::string Refused(const HttpRequest& request, HttpMode mode = HttpMode::kOperator) {
  const Status status = CheckWrite(request, mode);
  return status.ok() ? "" : status.error().ToString();
}

TEST(WriteGuardTest, TheConsoleAndCommandsMayWrite) {
  EXPECT_EQ(Refused(OwnRequest()), "");
  HttpRequest command = OwnRequest();
  command.headers.erase("origin");
  command.headers.erase("sec-fetch-site");
  EXPECT_EQ(Refused(command), "");
  command.headers["sec-fetch-site"] = "none";
  EXPECT_EQ(Refused(command), "");
  command.headers["content-type"] = "Application/JSON ; charset=utf-8";
  EXPECT_EQ(Refused(command), "");
  HttpRequest proxied = OwnRequest();  // By a proxy that speaks TLS.
  proxied.headers["host"] = "Console.example";
  proxied.headers["origin"] = "https://console.example";
  EXPECT_EQ(Refused(proxied), "");
}

TEST(WriteGuardTest, NothingIsWrittenInReadOnlyMode) {
  EXPECT_NE(Refused(OwnRequest(), HttpMode::kReadOnly).find("PERMISSION_DENIED"),
            std::string::npos);
}

TEST(WriteGuardTest, OtherSitesAreRefused) {
  for (const auto& [name, value] : {std::pair{"origin", "http://evil.example"},
                                    {"origin", "http://127.0.0.1:7481"},
                                    {"origin", "http://127.0.0.1:7480.evil.example"},
                                    {"origin", "null"},
                                    {"origin", "http://127.0.0.1:7480, http://evil.example"},
                                    {"origin", "ftp://127.0.0.1:7480"},
                                    {"sec-fetch-site", "cross-site"},
                                    {"sec-fetch-site", "same-site"}}) {
    HttpRequest request = OwnRequest();
    request.headers[name] = value;
    EXPECT_NE(Refused(request).find("PERMISSION_DENIED"), std::string::npos) << value;
  }
}

TEST(WriteGuardTest, WhatAFormCanSendIsRefused) {
  HttpRequest request = OwnRequest();
  request.headers.erase("x-qalam-request");
  EXPECT_NE(Refused(request).find("X-Qalam-Request: 1"), std::string::npos);
  request.headers["x-qalam-request"] = "1, 1";
  EXPECT_NE(Refused(request).find("PERMISSION_DENIED"), std::string::npos);
  for (const char* const type : {"", "text/plain", "application/x-www-form-urlencoded",
                                 "application/jsonx", "text/plain; application/json"}) {
    request = OwnRequest();
    request.headers["content-type"] = type;
    EXPECT_NE(Refused(request).find("Content-Type: application/json"), std::string::npos) << type;
  }
}

TEST(WriteGuardTest, WithoutABodyNoTypeIsNeeded) {
  HttpRequest request = OwnRequest();
  request.body.clear();
  request.headers.erase("content-type");
  EXPECT_EQ(Refused(request), "");
}

TEST(WriteGuardTest, AGuardedPageIsNotAskedForWhatIsRefused) {
  int asked = 0;
  const HttpPage page = Guarded(HttpMode::kOperator, [&](const HttpRequest&, HttpReply reply) {
    ++asked;
    reply({});
  });
  std::optional<HttpResponse> answer;
  const auto ask = [&](const HttpRequest& request) {
    page(request, [&](HttpResponse response) { answer = std::move(response); });
    return answer->status;
  };
  EXPECT_EQ(ask(OwnRequest()), 200);
  HttpRequest request = OwnRequest();
  request.headers["content-type"] = "text/plain";
  EXPECT_EQ(ask(request), 415);
  request.headers["origin"] = "null";
  EXPECT_EQ(ask(request), 403);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace qalam
