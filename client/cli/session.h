#pragma once

#include <qalam/smart_client.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/output.h"
#include "client/cli/usage.h"

namespace qalam::cli {

// What is said before or after the verb, and what every verb needs: the connection and the form of
// the output. Thread: one at a time.
struct Session {
  std::string bootstrap = "127.0.0.1:7420";  // -b, QALAM_BOOTSTRAP.
  std::string directory;                     // --dir: in place of bootstrap.
  std::string output = "table";              // -o
  std::string timeout_text = "10s";          // --timeout
  std::vector<std::string> extra;            // -X key=value
  int verbose = 0;                           // -v
  bool no_color = false;                     // --no-color
  bool version = false;                      // --version
  bool may_own = true;                       // --dir's directory, when nobody does.

  Format format = Format::kTable;
  std::chrono::milliseconds timeout{10'000};
  abi0::ProducerOptions producer;  // With -X applied.
  abi0::ReaderOptions reader;
  std::string client_id = "qalam-cli";

  // After parsing: checks and applies the options above. Not ok: a usage error.
  abi0::Status Prepare();
  // To the broker, or to whoever owns the directory, which may be this process from now on, if it
  // `may_own`.
  abi0::Result<abi0::Client> Connect() const;
  // Lets go of the directory, once everything made from Connect() is gone.
  void Close() const;

  bool json() const { return format == Format::kJson || format == Format::kNdjson; }
  bool names() const { return format == Format::kName; }
  int Fail(const abi0::Error& error) const { return Report(error, format); }
  int Usage(const std::string& message) const { return ReportUsage(message, format); }

  // Makes a request and, under -vv, says on stderr which, how long it took and how it ended.
  template <typename Call>
  auto Ask(const char* rpc, Call call) const {
    const auto begun = std::chrono::steady_clock::now();
    auto answer = call();
    if (verbose > 1) {
      Trace(rpc, std::chrono::steady_clock::now() - begun, answer.ok() ? nullptr : &answer.error());
    }
    return answer;
  }

 private:
  // Of --dir; one for all copies.
  std::shared_ptr<std::optional<abi0::SmartClient>> smart_ =
      std::make_shared<std::optional<abi0::SmartClient>>();

  void Trace(const char* rpc, std::chrono::nanoseconds took, const abi0::Error* error) const;
};

}  // namespace qalam::cli
