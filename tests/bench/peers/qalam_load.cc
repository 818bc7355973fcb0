// Qalam's library as a program outside of this repository uses it, where `qalam bench` has no verb:
//   qalam_load MODE --address HOST:PORT --topic NAME [--records N] [--size B]
//   send     only the calls of Sender::Send by one thread, not waiting for acknowledgements
//   iterate  only the handing out of --records that had been received in --fill-ms before
// Built with g++ against the headers in client/include and the shared library; see scripts/bench.
#include <qalam/client.h>

#include <cstdint>
#include <string>
#include <thread>

#include "tests/bench/peers/load_flags.h"
#include "tests/bench/peers/load_report.h"

namespace qalam::bench {
namespace {

void SendOnly(LoadFlags& flags) {
  const Client client = Client::Connect(flags.Text("address", "127.0.0.1:7420")).Value();
  const std::string topic = flags.Text("topic", "bench");
  const auto records = static_cast<std::uint64_t>(flags.Number("records", 1'000'000));
  std::string value(static_cast<std::size_t>(flags.Number("size", 100)), 'x');
  flags.Check();
  ProducerOptions options;
  // All of it fits, so Send never has to wait.
  options.buffer_bytes = records * (value.size() + 64) + (std::size_t{64} << 20);
  Producer producer = client.NewProducer(options);
  Sender sender = producer.SenderFor(topic, 0).Value();
  RecordRef record;
  record.value = value;
  LoadReport report{"send", records, records * value.size()};
  const Stopwatch watch;
  for (std::uint64_t i = 0; i < records; ++i) {
    Number(value, i);
    sender.Send(record).Check();
  }
  watch.Finish(report);
  if (!producer.Close(std::chrono::seconds(60)).clean()) Fail("not every record was acknowledged");
  report.Print();
}

// How fast one thread takes records that the library has received already.
void Iterate(LoadFlags& flags) {
  const Client client = Client::Connect(flags.Text("address", "127.0.0.1:7420")).Value();
  const std::string topic = flags.Text("topic", "bench");
  const auto records = static_cast<std::uint64_t>(flags.Number("records", 500'000));
  const std::chrono::milliseconds fill(flags.Number("fill-ms", 2000));
  flags.Check();
  ReaderOptions options;
  options.fetch_bytes_max = std::size_t{512} << 20;  // As kafka_load has it.
  LoadReport report{"iterate"};
  const double cpu_before = CpuSeconds();
  Reader reader = client.NewReader({{topic, 0}}, From::Start(), options).Value();
  // A reader connects, and begins to receive, with its first Next.
  if (reader.Next(std::chrono::seconds(10)).Value().empty()) Fail("nothing came");
  std::this_thread::sleep_for(fill);
  const Stopwatch watch;
  while (report.records < records) {
    const auto batch = reader.Next(std::chrono::seconds(1));
    if (!batch.ok()) Fail(batch.error().message());
    for (const RecordView& record : *batch) {
      ++report.records;
      report.bytes += record.value() ? record.value()->size() : 0;
    }
  }
  watch.Finish(report);
  report.cpu_seconds = CpuSeconds() - cpu_before;  // That of receiving, too.
  report.Print();
}

int Main(int argc, char** argv) {
  LoadFlags flags(argc, argv);
  if (flags.mode() == "send")
    SendOnly(flags);
  else if (flags.mode() == "iterate")
    Iterate(flags);
  else
    Fail("modes are send and iterate");
  return 0;
}

}  // namespace
}  // namespace qalam::bench

int main(int argc, char** argv) { return qalam::bench::Main(argc, argv); }
