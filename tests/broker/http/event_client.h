#pragma once

#include <poll.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/broker/io/socket_client.h"

namespace qalam {

// An EventSource, without its coming back by itself. Thread: its owner's.
class EventClient {
 public:
  struct Event {
    std::string id;
    std::string name;  // Empty: the stream ended, or nothing came for ten seconds.
    nlohmann::json data;
  };

  // `receive_bytes`: how much the kernel takes for a client that does not read; 0: as it likes.
  EventClient(std::uint16_t port, const std::string& target, const std::string& last_id = "",
              int receive_bytes = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_bytes > 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    std::string request = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    if (!last_id.empty()) request += "Last-Event-ID: " + last_id + "\r\n";
    request += "\r\n";
    (void)::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL);
  }

  // The status line and the header, or all of an answer that is no stream.
  std::string Head() { return ReadTo("\r\n\r\n"); }
  // That many bytes, fewer if the connection ends.
  std::string Exactly(std::size_t bytes) {
    while (buffer_.size() < bytes && Receive()) continue;
    std::string text = buffer_.substr(0, bytes);
    buffer_.erase(0, text.size());
    return text;
  }

  // The next event; comments and `retry` are passed over.
  Event Next() {
    while (true) {
      Event event;
      std::string block = ReadTo("\n\n");
      if (block.empty()) return event;
      std::size_t at = 0;
      while (at < block.size()) {
        const std::size_t end = block.find('\n', at);
        const std::string line = block.substr(at, end - at);
        at = end == std::string::npos ? block.size() : end + 1;
        if (line.starts_with("id: ")) event.id = line.substr(4);
        if (line.starts_with("event: ")) event.name = line.substr(7);
        if (line.starts_with("data: ")) event.data = nlohmann::json::parse(line.substr(6));
      }
      if (!event.name.empty()) return event;
    }
  }
  // The next one of that name.
  Event Next(const std::string& name) {
    while (true) {
      Event event = Next();
      if (event.name.empty() || event.name == name) return event;
    }
  }

 private:
  // What comes before `end`; nothing if it does not come.
  std::string ReadTo(const std::string& end) {
    while (true) {
      if (const std::size_t found = buffer_.find(end); found != std::string::npos) {
        std::string text = buffer_.substr(0, found);
        buffer_.erase(0, found + end.size());
        return text;
      }
      if (!Receive()) return "";
    }
  }
  bool Receive() {
    char piece[65536];
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) != 1) return false;
    const ssize_t got = ::recv(socket_.get(), piece, sizeof piece, 0);
    if (got > 0) buffer_.append(piece, static_cast<std::size_t>(got));
    return got > 0;
  }

  Socket socket_;
  std::string buffer_;
};

}  // namespace qalam
