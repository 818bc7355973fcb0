// As a program outside of this repository would use the smart client: prints "VERSION OFFSET".
#include <qalam/smart_client.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    const qalam::SmartClient log = qalam::SmartClient::Open(argv[1]).Value();
    log.admin().CreateTopic({"orders", 1, 0, {}}).Value();
    const auto report = log.NewProducer().Send(qalam::Record("orders", "k", "v")).Get().Value();
    std::cout << qalam::Version() << " " << report.offset << "\n";
  } catch (const qalam::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
