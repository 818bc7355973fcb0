#include "broker/http/http_server.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "tests/broker/io/socket_client.h"

namespace qalam {
namespace {

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpOptions options = {}) {
    HttpPages pages;
    pages.Add("/hello", [](const HttpRequest& request, HttpReply reply) {
      HttpResponse response;
      const auto name = request.query.find("name");
      response.body = "hello " + (name == request.query.end() ? "you" : name->second);
      reply(std::move(response));
    });
    pages.Add("POST", "/echo", [](const HttpRequest& request, HttpReply reply) {
      HttpResponse response;
      response.body = std::string(request.Header("x-name")) + ":" + request.body;
      reply(std::move(response));
    });
    pages.Add("/later", [this](const HttpRequest&, HttpReply reply) {
      helpers_.emplace_back([reply = std::move(reply)]() mutable {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        HttpResponse response;
        response.body = std::string(3 << 20, 'x');
        reply(std::move(response));
      });
    });
    server_ = std::make_unique<HttpServer>(std::move(pages), std::move(options));
    const auto port = server_->Listen("127.0.0.1", 0);
    ASSERT_TRUE(port.ok()) << port.error().ToString();
    port_ = *port;
    server_->Start();
  }
  void TearDown() override {
    for (std::thread& helper : helpers_) helper.join();
    if (server_) server_->Stop();
  }

  static void Send(const Socket& client, const std::string& text) {
    ASSERT_EQ(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Until the server closes.
  static std::string ReadAll(const Socket& client) {
    std::string all;
    char piece[65536];
    while (true) {
      pollfd waiting{client.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 10'000) != 1) return all + "<no end>";
      const ssize_t got = ::recv(client.get(), piece, sizeof piece, 0);
      if (got <= 0) return all;
      all.append(piece, static_cast<std::size_t>(got));
    }
  }
  std::string Ask(const std::string& request) {
    const Socket client = ConnectTcp(port_);
    Send(client, request);
    return ReadAll(client);
  }
  std::string Get(const std::string& target, const std::string& more = "") {
    return Ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more +
               "\r\n");
  }

  std::uint16_t port_ = 0;
  std::unique_ptr<HttpServer> server_;
  std::vector<std::thread> helpers_;
};

TEST_F(HttpServerTest, APageIsServedWithItsHeaders) {
  Start();
  const std::string answer = Get("/hello?name=a%20b");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Security-Policy: default-src 'none'"), std::string::npos);
  EXPECT_NE(answer.find("X-Content-Type-Options: nosniff"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nhello a b")) << answer;
}

TEST_F(HttpServerTest, AConnectionServesOneRequestAfterTheOther) {
  Start();
  const Socket client = ConnectTcp(port_);
  Send(client,
       "GET /hello?name=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
       "GET /hello?name=2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = ReadAll(client);
  EXPECT_LT(answers.find("hello 1"), answers.find("hello 2")) << answers;
  EXPECT_NE(answers.find("hello 2"), std::string::npos) << answers;
}

TEST_F(HttpServerTest, AnAnswerFromAnotherThreadComesWhole) {
  Start();
  EXPECT_TRUE(Get("/later").ends_with("\r\n\r\n" + std::string(3 << 20, 'x')));
}

TEST_F(HttpServerTest, HeadHasNoBodyButItsLength) {
  Start();
  const std::string answer =
      Ask("HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 9\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, AnotherSitesNameIsRefused) {
  HttpOptions options;
  options.allowed_hosts = {"broker.example"};
  Start(options);
  const auto with_host = [this](const std::string& host) {
    return Ask("GET /hello HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  };
  EXPECT_TRUE(with_host("evil.example").starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(with_host("").starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(with_host("broker.example:7480").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(with_host("127.0.0.1:7480").starts_with("HTTP/1.1 200 "));
}

TEST(HttpHostTest, AddressesAreAlwaysAllowed) {
  for (const char* const host :
       {"localhost", "localhost:1", "10.1.2.3", "10.1.2.3:80", "[::1]:80"}) {
    EXPECT_TRUE(IsAllowedHost(host, {})) << host;
  }
  for (const char* const host :
       {"", "x", "localhost.evil.example", "1.2.3.4.evil.example", "[x]", "["}) {
    EXPECT_FALSE(IsAllowedHost(host, {})) << host;
  }
}

TEST_F(HttpServerTest, WhatIsNotARequestIsRefusedAndTheServerServesOn) {
  Start();
  EXPECT_TRUE(Ask("\x16\x03\x01 hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(Get("/hello%zz").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(
      Get("/hello", "X-Long: " + std::string(20'000, 'x') + "\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(Get("/hello", "Content-Length: 5\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(Get("/hello").ends_with("hello you"));
}

TEST_F(HttpServerTest, ABodyComesWithItsHeaders) {
  Start();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  EXPECT_TRUE(Ask(head + "X-NAME: a\r\nx-name: b\r\nContent-Length: 5\r\n\r\n12345")
                  .ends_with("\r\n\r\na, b:12345"));
  EXPECT_TRUE(Ask(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                  .ends_with("\r\n\r\n:abcde"));
  EXPECT_TRUE(Ask(head + "\r\n").ends_with("\r\n\r\n:"));
}

TEST_F(HttpServerTest, ABodyThatIsTooLargeIsRefusedAndTheAnswerArrives) {
  HttpOptions options;
  options.body_bytes_max = 1000;
  Start(options);
  const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_TRUE(Ask(head + "Content-Length: 200000\r\n\r\n" + std::string(200'000, 'x'))
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(Ask(head + "Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x'))
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(Ask(head + "Transfer-Encoding: chunked\r\n\r\n" + std::string(200'000, '1'))
                  .starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(Get("/hello").ends_with("hello you"));
}

TEST_F(HttpServerTest, WhoSendsABodySlowlyIsLetGo) {
  HttpOptions options;
  options.idle_max = std::chrono::milliseconds(50);
  Start(options);
  const Socket slow = ConnectTcp(port_);
  Send(slow, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_TRUE(slow.IsClosedByPeer());
}

TEST_F(HttpServerTest, WhoSendsNothingIsLetGo) {
  HttpOptions options;
  options.idle_max = std::chrono::milliseconds(50);
  Start(options);
  const Socket silent = ConnectTcp(port_);
  EXPECT_TRUE(silent.IsClosedByPeer());
  const Socket slow = ConnectTcp(port_);
  Send(slow, "GET /hel");
  EXPECT_TRUE(slow.IsClosedByPeer());
}

TEST_F(HttpServerTest, MoreConnectionsThanAllowedAreClosed) {
  HttpOptions options;
  options.connections_max = 1;
  Start(options);
  const Socket first = ConnectTcp(port_);
  Send(first, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  char byte = 0;
  ASSERT_EQ(::recv(first.get(), &byte, 1, 0), 1);
  const Socket second = ConnectTcp(port_);
  EXPECT_TRUE(second.IsClosedByPeer());
}

TEST_F(HttpServerTest, StoppingClosesWhatIsOpen) {
  Start();
  const Socket client = ConnectTcp(port_);
  Send(client, "GET /hel");
  server_->Stop();
  EXPECT_TRUE(client.IsClosedByPeer());
  server_.reset();
}

}  // namespace
}  // namespace qalam
