// Several of these at once share a log, without a server: example_shared_log ./data hello
#include <qalam/smart_client.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const qalam::SmartClient log = qalam::SmartClient::Open(argv[1]).Value();
    (void)log.admin().CreateTopic({"greetings", 1, 0, {}});  // TOPIC_EXISTS for all but the first.
    const auto report =
        log.NewProducer().Send(qalam::Record("greetings", "me", argv[2])).Get().Value();
    const bool owner = log.role() == qalam::DirectoryRole::kOwner;
    std::cout << (owner ? "owner" : "proxy") << ", offset " << report.offset << "\n";
  } catch (const qalam::Error& error) {  // Only Value() and Check() throw.
    std::cerr << error.what() << "\n  " << error.hint() << "\n";
    return 1;
  }
}
