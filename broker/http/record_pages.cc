#include "broker/http/record_pages.h"

#include <limits>
#include <string>
#include <utility>

#include "broker/http/json_reply.h"
#include "broker/http/parameters.h"
#include "common/json_string.h"
#include "common/printable.h"
#include "common/units.h"
#include "common/utf8.h"

namespace qalam {
namespace {

using At = RecordStart::At;

constexpr std::int64_t kLimitMax = 500;
constexpr std::size_t kWholeBytesMax = 1 << 20;

struct Question {
  RecordQuery query;
  RecordStart start;
};

// "newest", "oldest", "offset:N", "time:MS".
Status ReadFrom(std::string_view from, RecordStart& start) {
  if (from == "newest") {
    start.at = At::kNewest;
    return OkStatus();
  }
  if (from == "oldest") {
    start.at = At::kOldest;
    return OkStatus();
  }
  const std::size_t colon = from.find(':');
  const std::string_view word = from.substr(0, colon);
  if (colon != std::string_view::npos && (word == "offset" || word == "time")) {
    const Result<std::int64_t> number = ParseInteger(from.substr(colon + 1));
    if (number.ok() && *number >= 0) {
      start.at = word == "offset" ? At::kOffset : At::kTime;
      start.number = *number;
      return OkStatus();
    }
  }
  return BadParameter("from", Quoted(from) +
                                  " is not newest, oldest, offset:N or time:MS (milliseconds since "
                                  "1970)");
}

Result<Question> Read(const HttpRequest& request) {
  Question question;
  question.query.topic = request.Query("topic");
  if (question.query.topic.empty()) return BadParameter("topic", "is needed");
  QALAM_ASSIGN_OR_RETURN(
      const auto partition,
      NumberParameter(request, "partition", 0, std::numeric_limits<PartitionId>::max()));
  if (partition) question.start.partition = static_cast<PartitionId>(*partition);
  QALAM_ASSIGN_OR_RETURN(const auto limit, NumberParameter(request, "limit", 1, kLimitMax));
  if (limit) question.query.limit = static_cast<std::size_t>(*limit);
  QALAM_ASSIGN_OR_RETURN(question.query.match, MatchParameters(request));
  const std::string from = request.Query("from");
  QALAM_RETURN_IF_ERROR(ReadFrom(from.empty() ? "newest" : from, question.start));
  question.query.newest_first = question.start.at == At::kNewest;
  if (const std::string token = request.Query("page_token"); !token.empty()) {
    QALAM_ASSIGN_OR_RETURN(question.start.token, PageToken::Parse(token));
    if (question.start.token.newest_first != question.query.newest_first) {
      return BadParameter("page_token", "of a page in the other direction; leave from as it was");
    }
    question.start.at = At::kToken;
  }
  return question;
}

std::string PageText(const RecordPage& page, bool newest_first) {
  PageToken token;
  token.newest_first = newest_first;
  for (const PartitionRange& range : page.rest) {
    token.offsets.push_back(newest_first ? range.end : range.start);
  }
  std::string out = "{\"records\":[";
  const char* before = "\n";
  for (const std::string& record : page.records) {
    out.append(before).append(record);
    before = ",\n";
  }
  out += "],\n\"nextPageToken\":\"" + (page.rest.empty() ? "" : token.ToString()) + "\"";
  out += ",\"scanned\":" + std::to_string(page.scanned);
  out += page.complete ? ",\"complete\":true" : ",\"complete\":false";
  out += ",\"problems\":[";
  before = "";
  for (const std::string& problem : page.problems) {
    out += before;
    AppendJsonQuoted(CleanUtf8(problem), out);
    before = ",";
  }
  return out + "]}\n";
}

Result<Question> ReadOnly(const HttpRequest& request) {
  QALAM_ASSIGN_OR_RETURN(TopicPartition partition, PartitionInPath(request));
  const std::string text = request.Part("offset");
  const Result<std::int64_t> offset = ParseInteger(text);
  if (!offset.ok() || *offset < 0) {
    return BadParameter("offset", Quoted(text) + " is not an offset");
  }
  Question question;
  question.query.topic = std::move(partition.topic);
  question.query.limit = 1;
  question.query.preview_bytes = kWholeBytesMax;
  question.start.at = At::kOnly;
  question.start.partition = partition.partition;
  question.start.number = *offset;
  return question;
}

HttpResponse OnlyRecord(const Result<RecordPage>& page, Offset offset) {
  if (!page.ok()) return ErrorResponse(page.error());
  if (!page->records.empty()) return JsonResponse("{\"record\":" + page->records.front() + "}\n");
  return ErrorResponse(
      Error(ErrorCode::kNotFound, page->problems.empty()
                                      ? "there is no record at offset " + std::to_string(offset)
                                      : page->problems.front()));
}

}  // namespace

void AddRecordPages(HttpPages& pages, RecordScanner& scanner) {
  pages.Add("/api/v1/records",
            WithParameters({"topic", "partition", "from", "limit", "contains", "key", "page_token"},
                           [&scanner](const HttpRequest& request, HttpReply reply) {
                             Result<Question> question = Read(request);
                             if (!question.ok()) {
                               reply(ErrorResponse(question.error()));
                               return;
                             }
                             const bool newest_first = question->query.newest_first;
                             scanner.Find(
                                 std::move(question->query), std::move(question->start),
                                 JsonReply<RecordPage>(std::move(reply),
                                                       [newest_first](const RecordPage& page) {
                                                         return PageText(page, newest_first);
                                                       }));
                           }));
  pages.Add("/api/v1/records/{topic}/{partition}/{offset}",
            WithParameters({}, [&scanner](const HttpRequest& request, HttpReply reply) {
              Result<Question> question = ReadOnly(request);
              if (!question.ok()) {
                reply(ErrorResponse(question.error()));
                return;
              }
              const Offset offset = question->start.number;
              scanner.Find(std::move(question->query), std::move(question->start),
                           Reply<RecordPage>([offset, reply = std::move(reply)](
                                                 const Result<RecordPage>& page) mutable {
                             reply(OnlyRecord(page, offset));
                           }));
            }));
}

}  // namespace qalam
