#include "broker/node/http_front_end.h"

#include <utility>

#include "broker/http/api_pages.h"
#include "broker/http/console_pages.h"
#include "broker/http/event_pages.h"
#include "broker/http/explain_pages.h"
#include "broker/http/figures_pages.h"
#include "broker/http/health_pages.h"
#include "broker/http/metrics_page.h"
#include "broker/http/openapi_page.h"
#include "broker/http/record_pages.h"
#include "broker/http/stored_file.h"
#include "broker/http/write_pages.h"
#include "broker/node/listen_address.h"
#include "common/clock.h"
#include "common/logging.h"

namespace qalam {

namespace {

ClusterEventsOptions EventsOptions(const OpenStreams& streams) {
  ClusterEventsOptions options;
  options.streams = [&streams]() -> std::size_t {
    const auto open = streams.ListStreams(0);
    return open.ok() ? open->count : 0;
  };
  return options;
}

}  // namespace

HttpPages HttpFrontEnd::MakePages(Broker& broker, const OpenStreams& streams,
                                  const BrokerSettings& settings) {
  const HttpMode mode =
      settings.http_mode == ToText(HttpMode::kReadOnly) ? HttpMode::kReadOnly : HttpMode::kOperator;
  const std::string& console = settings.http_console_directory;
  HttpPages pages;
  AddHealthPages(pages, broker);
  AddMetricsPages(pages, broker);
  AddApiPages(pages, broker, {mode, !console.empty() || EmbeddedConsole().size() > 1});
  AddExplainPages(pages, broker);
  AddFiguresPages(pages, broker, streams);
  AddWritePages(pages, broker, mode);
  AddRecordPages(pages, records_);
  AddEventPages(pages, events_);
  AddRecordTailPage(pages, broker, tails_);
  AddOpenApiPage(pages);
  if (console.empty()) {
    AddConsolePages(pages, EmbeddedConsole());
  } else {
    AddConsoleDirectory(pages, console);
  }
  return pages;
}

Result<std::unique_ptr<HttpFrontEnd>> HttpFrontEnd::Open(Broker& broker, const OpenStreams& streams,
                                                         const BrokerSettings& settings) {
  std::unique_ptr<HttpFrontEnd> front(new HttpFrontEnd(broker, streams, settings));
  if (const Status listening = front->Listen(settings); !listening.ok()) {
    front->Stop();
    return listening.error();
  }
  return front;
}

HttpFrontEnd::HttpFrontEnd(Broker& broker, const OpenStreams& streams,
                           const BrokerSettings& settings)
    : records_(broker),
      events_(broker, SystemClock::Get(), EventsOptions(streams)),
      tails_(broker) {
  server_ = std::make_unique<HttpServer>(MakePages(broker, streams, settings), settings.http);
}

HttpFrontEnd::~HttpFrontEnd() = default;

Status HttpFrontEnd::Listen(const BrokerSettings& settings) {
  for (const std::string& text : settings.http_listeners) {
    QALAM_ASSIGN_OR_RETURN(ListenAddress address, ListenAddress::Parse(text));
    const Result<std::uint16_t> port = server_->Listen(address.host, address.port);
    if (!port.ok() && port.error().code() == ErrorCode::kPortInUse && !settings.http_wanted) {
      Logger("node").warn("no http: {} is taken; qalam.http.listeners chooses another", text);
      continue;
    }
    if (!port.ok()) {
      // Also a port below 1024: that is of the setting, not of the data directory.
      const bool denied = port.error().code() == ErrorCode::kPermissionDenied;
      return Error(denied ? ErrorCode::kInvalidConfig : port.error().code(),
                   "qalam.http.listeners: " + port.error().message())
          .With("key", "qalam.http.listeners");
    }
    address.port = *port;
    addresses_.push_back(address.ToString());
  }
  return OkStatus();
}

void HttpFrontEnd::Accept() {
  // Where nothing listens, nobody will ask.
  if (!addresses_.empty()) {
    events_.Start();
    tails_.Start();
  }
  server_->Start();
  for (const std::string& address : addresses_) Logger("node").info("listening http={}", address);
}

void HttpFrontEnd::StopAccepting() { server_->StopAccepting(); }

void HttpFrontEnd::Stop() {
  records_.Stop();
  tails_.Stop();
  events_.Stop();
  server_->Stop();
}

}  // namespace qalam
