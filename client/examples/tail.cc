// Prints the records of a topic as they come, from the last ten on, until interrupted.
//   example_tail 127.0.0.1:7420 orders
#include <qalam/client.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

namespace {
volatile std::sig_atomic_t stop = 0;
}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " HOST:PORT|unix:PATH TOPIC\n";
    return 2;
  }
  std::signal(SIGINT, [](int) { stop = 1; });
  try {
    const qalam::Client client = qalam::Client::Connect(std::string_view(argv[1])).Value();
    qalam::Reader reader =
        client.NewReader(client.PartitionsOf(argv[2]).Value(), qalam::From::Last(10)).Value();
    while (stop == 0) {
      const qalam::Batch batch = reader.Next(500ms).Value();
      for (const qalam::RecordView& record : batch) {
        std::cout << record.topic() << "-" << record.partition() << " @ " << record.offset() << " "
                  << record.key().value_or("(null)") << ": " << record.value().value_or("(null)")
                  << "\n";
      }
      std::cout.flush();
    }
  } catch (const qalam::Error& error) {  // Only Value() and Check() throw.
    std::cerr << error.what() << "\n  " << error.hint() << "\n";
    return 1;
  }
  return 0;
}
