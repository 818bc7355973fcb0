// Reads a Redis stream from its start, as fast as Redis hands it out.
//   redis_read consume --address IPV4:PORT --stream S --records N [--batch 1000] [--in-flight 4]
// The entries' ids are 1-0, 2-0, ... N-0: known in advance, they let this ask for the next entries
// (XRANGE first last) before the ones before have arrived, which a real reader could not. A line of
// JSON at the end, as from kafka_load.
#include <algorithm>

#include "tests/bench/peers/load_flags.h"
#include "tests/bench/peers/load_report.h"
#include "tests/bench/peers/tcp.h"

namespace qalam::bench {
namespace {

// What Redis sends (RESP2), piece by piece.
class Replies {
 public:
  explicit Replies(int socket) : socket_(socket), buffer_(std::size_t{1} << 20, '\0') {}

  // The number after `kind`: '*' the elements of an array, '$' the bytes of a string.
  std::size_t Header(char kind) {
    std::size_t end = 0;
    while ((end = Arrived().find("\r\n")) == std::string_view::npos) Fill();
    const std::string line(Arrived().substr(0, end));
    if (line[0] != kind) Fail("expected " + std::string(1, kind) + ", Redis sent " + line);
    first_ += end + 2;
    return std::stoull(line.substr(1));
  }
  // Skips a string; how long it was.
  std::size_t String() {
    const std::size_t size = Header('$');
    while (Arrived().size() < size + 2) Fill();
    first_ += size + 2;
    return size;
  }

 private:
  std::string_view Arrived() const { return {buffer_.data() + first_, end_ - first_}; }
  void Fill() {
    std::memmove(buffer_.data(), buffer_.data() + first_, end_ - first_);
    end_ -= first_;
    first_ = 0;
    const ssize_t got = recv(socket_, buffer_.data() + end_, buffer_.size() - end_, 0);
    if (got < 0) FailWithErrno("receive");
    if (got == 0) Fail("Redis closed the connection, or one reply's string is too long");
    end_ += static_cast<std::size_t>(got);
  }
  const int socket_;
  std::string buffer_;
  std::size_t first_ = 0;
  std::size_t end_ = 0;
};

void Ask(int socket, const std::string& stream, std::uint64_t first, std::uint64_t last) {
  SendAll(socket, "XRANGE " + stream + " " + std::to_string(first) + "-0 " + std::to_string(last) +
                      "-0\r\n");
}

// One reply to XRANGE: entries of an id and its fields, each a name and a value.
void Take(Replies& replies, LoadReport& report) {
  const std::size_t entries = replies.Header('*');
  for (std::size_t i = 0; i < entries; ++i) {
    if (replies.Header('*') != 2) Fail("an entry is an id and its fields");
    replies.String();
    for (std::size_t fields = replies.Header('*'); fields > 0; fields -= 2) {
      replies.String();
      report.bytes += replies.String();
    }
  }
  report.records += entries;
}

void Consume(LoadFlags& flags) {
  const int socket = ConnectTcp(flags.Text("address", "127.0.0.1:16379"));
  const std::string stream = flags.Text("stream", "stream");
  const auto records = static_cast<std::uint64_t>(flags.Number("records", 1'000'000));
  const auto batch = static_cast<std::uint64_t>(flags.Number("batch", 1000));
  const auto in_flight = static_cast<std::uint64_t>(flags.Number("in-flight", 4));
  flags.Check();
  Replies replies(socket);
  LoadReport report{"consume"};
  const Stopwatch watch;
  std::uint64_t asked = 0;
  for (std::uint64_t taken = 0; taken < records; taken += batch) {
    for (; asked < records && asked < taken + batch * in_flight; asked += batch)
      Ask(socket, stream, asked + 1, std::min(asked + batch, records));
    Take(replies, report);
  }
  watch.Finish(report);
  report.Print();
}

}  // namespace
}  // namespace qalam::bench

int main(int argc, char** argv) {
  qalam::bench::LoadFlags flags(argc, argv);
  if (flags.mode() != "consume") qalam::bench::Fail("the mode is consume");
  qalam::bench::Consume(flags);
  return 0;
}
