// Sends the lines of standard input to a topic and says where each landed.
//   example_producer 127.0.0.1:7420 orders < lines.txt
#include <qalam/client.h>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " HOST:PORT|unix:PATH TOPIC\n";
    return 2;
  }
  auto client = qalam::Client::Connect(std::string_view(argv[1]));
  if (!client) {
    std::cerr << client.error().what() << "\n";
    return 2;
  }
  qalam::ProducerOptions options;
  options.linger = 5ms;
  options.compression = qalam::Compression::kZstd;
  options.on_full = qalam::FullPolicy::kBlock;
  qalam::Producer producer = client->NewProducer(options);

  // Most records only want to know of failures; the callback runs on the producer's own thread.
  std::string line;
  while (std::getline(std::cin, line)) {
    qalam::Record record(argv[2]);
    record.value = line;
    record.headers.Add("source", "example");
    const qalam::Status taken =
        producer.Send(std::move(record), [](const qalam::DeliveryReport& report) {
          if (!report.ok()) std::cerr << report.error().what() << "\n";
        });
    if (!taken) std::cerr << taken.error().what() << "\n";
  }

  // One record whose place matters: keep its Delivery.
  const qalam::Delivery last = producer.Send(qalam::Record(argv[2], "end", "of input"));
  const auto report = last.Get();
  if (report) {
    std::cout << report->topic << "-" << report->partition << " @ " << report->offset << ", "
              << qalam::DurabilityName(report->durability) << "\n";
  } else {
    std::cerr << report.error().what() << "\n  " << report.error().hint() << "\n";
  }
  const qalam::CloseReport closed = producer.Close(10s);
  std::cerr << producer.stats().records_acked << " records acknowledged, " << closed.unsent_count
            << " not sent\n";
  return report && closed.clean() ? 0 : 1;
}
