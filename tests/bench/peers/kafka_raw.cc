// Many clients of Kafka in one thread, without a client library: as lean as a load can be, so that
// what is measured is the broker.
//   kafka_raw produce --brokers IPV4:PORT --topic T [--connections 64] [--seconds 4] [--size 100]
// Each connection has one Produce request (version 7, acks=-1) in flight, with one batch of one
// record for partition 0, and sends the next once that one was acknowledged. The given broker has
// to be the partition's leader. A line of JSON at the end, as from kafka_load.
#include <sys/epoll.h>

#include <array>
#include <thread>
#include <vector>

#include "common/crc32c.h"
#include "tests/bench/peers/load_flags.h"
#include "tests/bench/peers/load_report.h"
#include "tests/bench/peers/tcp.h"

namespace qalam::bench {
namespace {

constexpr std::int16_t kUnknownTopicOrPartition = 3;

// Kafka's numbers are big-endian.
template <typename T>
void Put(std::string& out, T value) {
  for (int shift = 8 * (sizeof value - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift));
}
void PutString(std::string& out, std::string_view text) {
  Put(out, static_cast<std::int16_t>(text.size()));
  out += text;
}
void PutVarint(std::string& out, std::int32_t value) {
  auto rest = static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31);
  for (; rest >= 0x80; rest >>= 7) out.push_back(static_cast<char>(rest | 0x80));
  out.push_back(static_cast<char>(rest));
}
template <typename T>
T Get(std::string_view in, std::size_t at) {
  if (at + sizeof(T) > in.size()) Fail("an answer of Kafka is too short");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = value << 8 | static_cast<unsigned char>(in[at + i]);
  return static_cast<T>(value);
}

std::string Record(std::string_view value) {
  std::string body;
  Put(body, std::int8_t{0});  // Attributes.
  PutVarint(body, 0);         // Timestamp and offset, relative to the batch.
  PutVarint(body, 0);
  PutVarint(body, -1);  // No key.
  PutVarint(body, static_cast<std::int32_t>(value.size()));
  body += value;
  PutVarint(body, 0);  // No headers.
  std::string record;
  PutVarint(record, static_cast<std::int32_t>(body.size()));
  return record + body;
}

// A record batch of format 2 with one record, by a producer without an id.
std::string Batch(std::string_view value) {
  const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count();
  std::string summed;            // What the checksum covers.
  Put(summed, std::int16_t{0});  // Attributes: not compressed, time of creation.
  Put(summed, std::int32_t{0});  // Last offset delta.
  Put(summed, now_ms);           // First and largest timestamp.
  Put(summed, now_ms);
  Put(summed, std::int64_t{-1});  // Producer id, epoch, sequence.
  Put(summed, std::int16_t{-1});
  Put(summed, std::int32_t{-1});
  Put(summed, std::int32_t{1});  // Records.
  summed += Record(value);
  std::string batch;
  Put(batch, std::int64_t{0});  // Base offset: the broker's to set.
  Put(batch, static_cast<std::int32_t>(4 + 1 + 4 + summed.size()));
  Put(batch, std::int32_t{-1});  // Leader epoch.
  Put(batch, std::int8_t{2});    // Format.
  Put(batch, Crc32c(std::as_bytes(std::span(summed))));
  return batch + summed;
}

std::string ProduceRequest(std::string_view topic, std::string_view value, std::int32_t id) {
  const std::string batch = Batch(value);
  std::string body;
  Put(body, std::int16_t{0});  // Produce, version 7.
  Put(body, std::int16_t{7});
  Put(body, id);
  PutString(body, "kafka_raw");
  Put(body, std::int16_t{-1});      // No transaction.
  Put(body, std::int16_t{-1});      // acks: all.
  Put(body, std::int32_t{30'000});  // Its timeout in ms.
  Put(body, std::int32_t{1});       // Topics.
  PutString(body, topic);
  Put(body, std::int32_t{1});  // Partitions.
  Put(body, std::int32_t{0});
  Put(body, static_cast<std::int32_t>(batch.size()));
  body += batch;
  std::string request;
  Put(request, static_cast<std::int32_t>(body.size()));
  return request + body;
}

// The error code in an answer's body (after its length) to the request of that id.
std::int16_t ErrorIn(std::string_view answer, std::string_view topic, std::int32_t id) {
  if (Get<std::int32_t>(answer, 0) != id) Fail("Kafka answered another request");
  const std::size_t partitions = 4 + 4 + 2 + topic.size();  // After the id, one topic's name.
  if (Get<std::int32_t>(answer, 4) != 1 || answer.substr(10, topic.size()) != topic ||
      Get<std::int32_t>(answer, partitions) != 1 || Get<std::int32_t>(answer, partitions + 4) != 0)
    Fail("Kafka did not answer for partition 0 of " + std::string(topic));
  return Get<std::int16_t>(answer, partitions + 8);
}

// One client with at most one record under way.
class Connection {
 public:
  Connection(const std::string& address, std::string_view topic, std::size_t size)
      : socket_(ConnectTcp(address)), topic_(topic), value_(size, 'x') {}

  int socket() const { return socket_; }
  void Send() {
    Number(value_, static_cast<std::uint64_t>(++id_));
    begun_ = Clock::now();
    SendAll(socket_, ProduceRequest(topic_, value_, id_));
  }
  // Takes what has arrived, waiting for something: true once that is the whole answer.
  bool Receive() {
    std::array<char, 4096> part{};
    const ssize_t got = recv(socket_, part.data(), part.size(), 0);
    if (got < 0) FailWithErrno("receive");
    // How Kafka refuses a request that it can't read.
    if (got == 0) Fail("Kafka closed a connection");
    answer_.append(part.data(), static_cast<std::size_t>(got));
    if (answer_.size() < 4) return false;
    const std::size_t whole = 4 + Get<std::uint32_t>(answer_, 0);
    if (answer_.size() > whole) Fail("Kafka answered more than it was asked");
    return answer_.size() == whole;
  }
  // Its error code, once the answer is there.
  std::int16_t TakeAnswer() {
    const std::int16_t error = ErrorIn(std::string_view(answer_).substr(4), topic_, id_);
    answer_.clear();
    return error;
  }
  std::chrono::nanoseconds SinceSent() const { return Clock::now() - begun_; }

 private:
  const int socket_;
  const std::string_view topic_;
  std::string value_;
  std::int32_t id_ = 0;
  Clock::time_point begun_;
  std::string answer_;
};

void CheckAcked(std::int16_t error) {
  if (error != 0)
    Fail("a record was not acknowledged: Kafka's error code " + std::to_string(error));
}

// A topic is made before the broker that leads it has heard of it.
void AwaitLeader(Connection& connection) {
  const auto end = Clock::now() + std::chrono::seconds(30);
  for (;;) {
    connection.Send();
    while (!connection.Receive()) continue;
    const std::int16_t error = connection.TakeAnswer();
    if (error != kUnknownTopicOrPartition || Clock::now() > end) return CheckAcked(error);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

int Watch(std::vector<Connection>& connections) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) FailWithErrno("epoll");
  for (Connection& connection : connections) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection.socket(), &event) != 0) FailWithErrno("epoll");
  }
  return epoll;
}

void Produce(LoadFlags& flags) {
  const std::string address = flags.Text("brokers", "127.0.0.1:19092");
  const std::string topic = flags.Text("topic", "bench");
  const auto size = static_cast<std::size_t>(flags.Number("size", 100));
  const std::chrono::seconds duration(flags.Number("seconds", 4));
  std::vector<Connection> connections;
  for (auto left = flags.Number("connections", 64); left > 0; --left)
    connections.emplace_back(address, topic, size);
  flags.Check();
  if (connections.empty()) Fail("--connections is at least 1");
  AwaitLeader(connections.front());
  const int epoll = Watch(connections);
  Histogram ack;
  LoadReport report{"raw"};
  const Stopwatch watch;
  const auto end = Clock::now() + duration;
  for (Connection& connection : connections) connection.Send();
  for (std::size_t waiting = connections.size(); waiting > 0;) {
    std::array<epoll_event, 256> events;
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (!connection.Receive()) continue;
      CheckAcked(connection.TakeAnswer());
      ack.Add(connection.SinceSent());
      if (Clock::now() < end)
        connection.Send();
      else
        --waiting;
    }
  }
  watch.Finish(report);
  report.records = ack.count();
  report.bytes = ack.count() * size;
  report.ack = &ack;
  report.Print();
}

}  // namespace
}  // namespace qalam::bench

int main(int argc, char** argv) {
  qalam::bench::LoadFlags flags(argc, argv);
  if (flags.mode() != "produce") qalam::bench::Fail("the mode is produce");
  qalam::bench::Produce(flags);
  return 0;
}
