#include "client/cli/session.h"

#include <algorithm>
#include <cstdio>

#include "client/cli/client_settings.h"
#include "common/units.h"

namespace qalam::cli {
namespace {

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    if (comma > begin) parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

}  // namespace

abi0::Status Session::Prepare() {
  if (no_color) DisableColor();
  const auto parsed = ParseFormat(output);
  if (!parsed) return BadUsage("-o " + output + ": choose table, wide, json, ndjson or name");
  format = *parsed;
  const auto ms = ParseDurationMs(timeout_text);
  if (!ms.ok() || *ms <= 0)
    return BadUsage("--timeout " + timeout_text + ": not a duration such as 10s or 500ms");
  timeout = std::chrono::milliseconds(*ms);
  for (const std::string& setting : extra) {
    if (const auto status = ApplyClientSetting(setting, *this); !status.ok()) return status;
  }
  return {};
}

abi0::Result<abi0::Client> Session::Connect() const {
  if (!directory.empty()) {
    if (!*smart_) {
      abi0::DirectoryOptions options;
      options.client_id = client_id;
      options.request_timeout = timeout;
      options.open_timeout = timeout;
      options.may_own = may_own;
      auto opened = abi0::SmartClient::Open(directory, options);
      if (!opened.ok()) return opened.error();
      smart_->emplace(*std::move(opened));
    }
    if (verbose > 1) {
      const bool owner = (*smart_)->role() == abi0::DirectoryRole::kOwner;
      std::fprintf(stderr, "directory: %s, %s\n", directory.c_str(), owner ? "owner" : "proxy");
    }
    return (*smart_)->Share();
  }
  abi0::ClientOptions options;
  options.bootstrap = SplitAtCommas(bootstrap);
  options.client_id = client_id;
  options.request_timeout = timeout;
  // Whoever is connected to and says nothing runs into the request's own deadline first.
  options.connect_timeout = std::min<std::chrono::milliseconds>(timeout + std::chrono::seconds(1),
                                                                std::chrono::seconds(5));
  if (verbose > 1) std::fprintf(stderr, "broker: %s\n", bootstrap.c_str());
  return abi0::Client::Connect(std::move(options));
}

void Session::Close() const { smart_->reset(); }

void Session::Trace(const char* rpc, std::chrono::nanoseconds took,
                    const abi0::Error* error) const {
  std::fprintf(stderr, "%s: %.1f ms, %s\n", rpc,
               std::chrono::duration<double, std::milli>(took).count(),
               error == nullptr ? "OK" : error->code().c_str());
}

}  // namespace qalam::cli
