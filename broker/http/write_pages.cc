#include "broker/http/write_pages.h"

#include <string_view>
#include <utility>
#include <vector>

#include "broker/http/json_reply.h"
#include "broker/http/parameters.h"
#include "broker/wire/json_request.h"

namespace qalam {
namespace {

void CreateTopic(Broker& broker, const HttpRequest& request, HttpReply reply) {
  Result<CreateTopicRequest> body = CreateTopicFromJson(request.body);
  if (body.ok()) {
    broker.CreateTopic(std::move(body).value(), TextReply<TopicInfo>(std::move(reply)));
  } else {
    reply(ErrorResponse(body.error()));
  }
}

void DeleteTopic(Broker& broker, const HttpRequest& request, HttpReply reply) {
  const Result<bool> only_check = FlagParameter(request, "validate_only");
  if (!only_check.ok()) {
    reply(ErrorResponse(only_check.error()));
  } else if (!request.body.empty()) {
    reply(ErrorResponse(Error(ErrorCode::kInvalidArgument,
                              "DELETE takes no body; ?validate_only=true only checks")));
  } else {
    broker.DeleteTopic(
        request.Part("topic"), *only_check,
        JsonReply<Unit>(std::move(reply), [](const Unit&) { return std::string("{}\n"); }));
  }
}

void AlterTopic(Broker& broker, const HttpRequest& request, HttpReply reply) {
  Result<ConfigChange> body = ConfigChangeFromJson(request.body);
  if (body.ok()) {
    broker.AlterTopicConfig(request.Part("topic"), std::move(body).value(),
                            TextReply<std::vector<ConfigEntry>>(std::move(reply)));
  } else {
    reply(ErrorResponse(body.error()));
  }
}

void Trim(Broker& broker, const HttpRequest& request, HttpReply reply) {
  Result<TopicPartition> partition = PartitionInPath(request);
  const Result<TrimRequest> body = TrimFromJson(request.body);
  if (partition.ok() && body.ok()) {
    broker.TrimPartition(std::move(partition).value(), body->before_offset, body->validate_only,
                         TextReply<Offset>(std::move(reply)));
  } else {
    reply(ErrorResponse(partition.ok() ? body.error() : partition.error()));
  }
}

void SetConfig(Broker& broker, const HttpRequest& request, HttpReply reply) {
  Result<ConfigChange> body = ConfigChangeFromJson(request.body);
  if (body.ok()) {
    broker.SetConfig(std::move(body).value(),
                     TextReply<std::vector<ConfigEntry>>(std::move(reply)));
  } else {
    reply(ErrorResponse(body.error()));
  }
}

using Write = void (*)(Broker& broker, const HttpRequest& request, HttpReply reply);

}  // namespace

void AddWritePages(HttpPages& pages, Broker& broker, HttpMode mode) {
  const auto add = [&](const char* method, const char* path, std::vector<std::string_view> known,
                       Write write) {
    HttpPage page = [&broker, write](const HttpRequest& request, HttpReply reply) {
      write(broker, request, std::move(reply));
    };
    pages.Add(method, path, Guarded(mode, WithParameters(std::move(known), std::move(page))));
  };
  add("POST", "/api/v1/topics", {}, CreateTopic);
  add("DELETE", "/api/v1/topics/{topic}", {"validate_only"}, DeleteTopic);
  add("PATCH", "/api/v1/topics/{topic}/config", {}, AlterTopic);
  add("POST", "/api/v1/topics/{topic}/partitions/{partition}/trim", {}, Trim);
  add("PATCH", "/api/v1/config", {}, SetConfig);
}

}  // namespace qalam
