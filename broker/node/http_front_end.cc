#include "broker/node/http_front_end.h"

#include <utility>

#include "broker/http/api_pages.h"
#include "broker/http/health_pages.h"
#include "broker/http/metrics_page.h"
#include "broker/node/listen_address.h"
#include "common/logging.h"

namespace qalam {

Result<std::unique_ptr<HttpFrontEnd>> HttpFrontEnd::Open(Broker& broker,
                                                         const BrokerSettings& settings) {
  HttpPages pages;
  AddHealthPages(pages, broker);
  AddMetricsPages(pages, broker);
  AddApiPages(pages, broker);
  std::unique_ptr<HttpFrontEnd> front(
      new HttpFrontEnd(std::make_unique<HttpServer>(std::move(pages), settings.http)));
  if (const Status listening = front->Listen(settings); !listening.ok()) {
    front->Stop();
    return listening.error();
  }
  return front;
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
  server_->Start();
  for (const std::string& address : addresses_) Logger("node").info("listening http={}", address);
}

void HttpFrontEnd::StopAccepting() { server_->StopAccepting(); }

void HttpFrontEnd::Stop() { server_->Stop(); }

}  // namespace qalam
