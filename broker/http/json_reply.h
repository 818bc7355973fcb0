#pragma once

#include <string>
#include <utility>

#include "broker/http/http_message.h"
#include "broker/wire/json_text.h"
#include "common/reply.h"

namespace qalam {

inline HttpResponse JsonResponse(std::string body) {
  HttpResponse response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

// Answers with `print(answer)`, JSON, or with the error. Thread: any.
template <typename T, typename Print>
Reply<T> JsonReply(HttpReply reply, Print print) {
  return Reply<T>([print = std::move(print), reply = std::move(reply)](Result<T> answer) mutable {
    reply(answer.ok() ? JsonResponse(print(*answer)) : ErrorResponse(answer.error()));
  });
}

// The same with ToJsonText of broker/wire.
template <typename T>
Reply<T> TextReply(HttpReply reply) {
  return JsonReply<T>(std::move(reply), [](const T& answer) { return ToJsonText(answer); });
}

}  // namespace qalam
