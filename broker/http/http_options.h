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
  std::size_t header_bytes_max = 16 * 1024;
  std::chrono::milliseconds idle_max{60'000};    // Until a request has come, waiting included.
  std::chrono::milliseconds answer_max{30'000};  // Until the client has taken an answer.
};

}  // namespace qalam
