#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace qalam {

// How an HttpServer treats its clients.
struct HttpOptions {
  std::vector<std::string> allowed_hosts;  // Names in a Host header, beside localhost.
  std::size_t connections_max = 256;
  std::size_t event_streams_max = 128;  // Streams of events are no connections any more.
  std::size_t event_queue_bytes_max = std::size_t{2}
                                      << 20;  // What one stream's client didn't take.
  int event_send_buffer_bytes =
      128 * 1024;  // The kernel's: can't be taken back, counts for no queue.
  std::chrono::milliseconds event_heartbeat{15'000};
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = 64 * 1024;
  std::chrono::milliseconds idle_max{60'000};  // Until all of a request has come, waiting included.
  std::chrono::milliseconds answer_max{30'000};  // Until the client has taken an answer.
};

}  // namespace qalam
