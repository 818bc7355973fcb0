#include "broker/http/http_event_stream.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <future>
#include <thread>

#include "broker/http/http_server.h"
#include "tests/broker/io/socket_client.h"

namespace qalam {
namespace {

using std::chrono::milliseconds;

EventText Text(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

class HttpEventStreamTest : public testing::Test {
 protected:
  void Start(HttpOptions options = {}) {
    HttpPages pages;
    pages.Add("/events", [this](const HttpRequest& request, HttpReply reply) {
      last_event_id_ = request.Header("last-event-id");
      reply(EventStreamResponse([this](std::shared_ptr<HttpEventStream> stream) {
        opened_.set_value(std::move(stream));
      }));
    });
    server_ = std::make_unique<HttpServer>(std::move(pages), std::move(options));
    const auto port = server_->Listen("127.0.0.1", 0);
    ASSERT_TRUE(port.ok()) << port.error().ToString();
    port_ = *port;
    server_->Start();
  }
  void TearDown() override {
    stream_.reset();
    if (server_) server_->Stop();
  }

  Socket Ask(const std::string& more = "") {
    Socket client = ConnectTcp(port_);
    const std::string request = "GET /events HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
    EXPECT_EQ(::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    return client;
  }
  Socket Open(const std::string& more = "") {
    Socket client = Ask(more);
    auto opened = opened_.get_future();
    EXPECT_EQ(opened.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    stream_ = opened.get();
    return client;
  }
  // Until `end` has come, or the connection ended.
  static std::string ReadTo(const Socket& client, const std::string& end) {
    std::string all;
    char piece[65536];
    while (all.find(end) == std::string::npos) {
      pollfd waiting{client.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 10'000) != 1) return all + "<nothing>";
      const ssize_t got = ::recv(client.get(), piece, sizeof piece, 0);
      if (got <= 0) return all + "<end>";
      all.append(piece, static_cast<std::size_t>(got));
    }
    return all;
  }
  bool ClosesSoon() const {
    for (int i = 0; i < 1000 && !stream_->closed(); ++i)
      std::this_thread::sleep_for(milliseconds(5));
    return stream_->closed();
  }

  std::uint16_t port_ = 0;
  std::unique_ptr<HttpServer> server_;
  std::promise<std::shared_ptr<HttpEventStream>> opened_;
  std::shared_ptr<HttpEventStream> stream_;
  std::string last_event_id_;
};

TEST_F(HttpEventStreamTest, WhatIsSentComesInOrderAfterTheHeader) {
  Start();
  const Socket client = Open("Last-Event-ID: 7-3\r\n");
  EXPECT_EQ(last_event_id_, "7-3");
  EXPECT_TRUE(stream_->Send(Text("data: 1\n\n")));
  EXPECT_TRUE(stream_->Send(Text("data: 2\n\n")));
  const std::string answer = ReadTo(client, "data: 2\n\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Type: text/event-stream\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nretry: 1000\n\ndata: 1\n\ndata: 2\n\n")) << answer;
}

TEST_F(HttpEventStreamTest, AClientThatTakesNothingFillsItsQueueAndNoMore) {
  HttpOptions options;
  options.event_queue_bytes_max = 100'000;
  Start(options);
  const Socket client = Open();
  // More than the kernel takes.
  EXPECT_TRUE(stream_->Send(Text(std::string(16 << 20, '.') + "x\n\n")));
  EXPECT_FALSE(stream_->Send(Text("data: lost\n\n")));
  EXPECT_FALSE(stream_->closed());
  EXPECT_EQ(ReadTo(client, "x\n\n").find("lost"), std::string::npos);
  for (int i = 0; i < 1000 && stream_->queued_bytes() > 0; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_TRUE(stream_->Send(Text("data: again\n\n")));
  EXPECT_EQ(ReadTo(client, "again\n\n"), "data: again\n\n");
}

TEST_F(HttpEventStreamTest, AClientThatIsGoneOrTakesNothingForLongIsClosed) {
  HttpOptions options;
  options.event_heartbeat = milliseconds(20);
  options.answer_max = milliseconds(100);
  Start(options);
  {
    const Socket client = Open();
    EXPECT_EQ(ReadTo(client, ":\n\n:\n\n").find("<end>"), std::string::npos);
  }
  EXPECT_TRUE(ClosesSoon());
  EXPECT_FALSE(stream_->Send(Text("data: 1\n\n")));
  opened_ = {};
  const Socket stuck = Open();
  EXPECT_TRUE(stream_->Send(Text(std::string(16 << 20, 'x'))));
  EXPECT_TRUE(ClosesSoon());
}

TEST_F(HttpEventStreamTest, MoreStreamsThanAllowedAreAskedToComeAgain) {
  HttpOptions options;
  options.event_streams_max = 1;
  Start(options);
  const Socket first = Open();
  const std::string refused = ReadTo(Ask(), "}\n");
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_NE(refused.find("Retry-After: 5\r\n"), std::string::npos) << refused;
  EXPECT_NE(refused.find("TOO_MANY_REQUESTS"), std::string::npos) << refused;
}

TEST_F(HttpEventStreamTest, AnEndedStreamSendsWhatItHasAndCloses) {
  Start();
  const Socket client = Open();
  EXPECT_TRUE(stream_->Send(Text("data: last\n\n")));
  stream_->End();
  EXPECT_TRUE(ReadTo(client, "<end>").ends_with("data: last\n\n<end>"));
  EXPECT_TRUE(ClosesSoon());
}

TEST_F(HttpEventStreamTest, StreamsEndWhenNobodyIsAcceptedAnyMore) {
  Start();
  const Socket client = Open();
  server_->StopAccepting();
  EXPECT_TRUE(stream_->closed());
  EXPECT_TRUE(ReadTo(client, "<end>").ends_with("<end>"));
}

}  // namespace
}  // namespace qalam
