#include <qalam/client.h>

#include <chrono>
#include <iostream>

// Prints the version and the word for a port that nobody listens on.
int main() {
  const auto client = qalam::Client::Connect("127.0.0.1:1");
  if (!client) return 1;
  std::cout << qalam::Version() << " ";
  try {
    client->admin().WithTimeout(std::chrono::seconds(5)).ListTopics().Value();
  } catch (const qalam::Error& error) {
    std::cout << error.code() << "\n";
  }
  return 0;
}
