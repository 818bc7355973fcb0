#include "broker/http/record_tails.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "broker/http/parameters.h"
#include "common/check.h"

namespace qalam {
namespace {

constexpr std::size_t kScanBytes = std::size_t{2} << 20;  // Of all tails, between two flushes.
constexpr std::int64_t kRateMax = 1000;

struct AskedTail {
  TailQuestion question;  // Without its parts.
  std::optional<std::int64_t> partition;
};

Result<AskedTail> ReadTail(const HttpRequest& request) {
  AskedTail asked;
  asked.question.topic = request.Query("topic");
  if (asked.question.topic.empty()) return BadParameter("topic", "is needed");
  QALAM_ASSIGN_OR_RETURN(asked.partition, NumberParameter(request, "partition", 0,
                                                          std::numeric_limits<PartitionId>::max()));
  QALAM_ASSIGN_OR_RETURN(asked.question.match, MatchParameters(request));
  QALAM_ASSIGN_OR_RETURN(const auto rate, NumberParameter(request, "rate", 1, kRateMax));
  if (rate) asked.question.rate = static_cast<std::size_t>(*rate);
  return asked;
}

// The partitions to look at, from where they end now.
Result<std::vector<TailQuestion::Part>> PartsOf(const TopicDescription& topic,
                                                std::optional<std::int64_t> only) {
  std::vector<TailQuestion::Part> parts;
  for (const PartitionInfo& each : topic.partitions) {
    if (only && each.partition.partition != *only) continue;
    parts.push_back({each.partition.partition, each.high_watermark});
  }
  if (only && parts.empty()) {
    return Error(ErrorCode::kUnknownPartition, "topic \"" + topic.topic.name +
                                                   "\" has partitions 0 to " +
                                                   std::to_string(topic.partitions.size() - 1))
        .With("partitions", static_cast<std::int64_t>(topic.partitions.size()));
  }
  if (parts.size() > RecordTails::kPartitionsMax) {
    return BadParameter("partition", "the topic has more than " +
                                         std::to_string(RecordTails::kPartitionsMax) +
                                         " partitions; choose one");
  }
  return parts;
}

}  // namespace

RecordTails::~RecordTails() { QALAM_CHECK(!started_); }

void RecordTails::Start() {
  started_ = true;
  io_.Start();
}

void RecordTails::Stop() {
  if (!std::exchange(started_, false)) return;
  io_.RunAndWait([this] {
    stopping_ = true;
    const auto tails = tails_;
    for (const auto& tail : tails) tail->Close();
  });
  io_.Stop();
}

std::size_t RecordTails::ScanBytes() const {
  return kScanBytes / std::max<std::size_t>(1, count_.load());
}

void RecordTails::Forget(const RecordTail* tail) {
  std::erase_if(tails_, [tail](const auto& each) { return each.get() == tail; });
  count_.store(tails_.size());
}

void RecordTails::Open(TailQuestion question, std::shared_ptr<HttpEventStream> stream) {
  boost::asio::post(
      io_.context(), [this, question = std::move(question), stream = std::move(stream)]() mutable {
        if (stopping_) {
          stream->End();
          return;
        }
        RecordTail::Surroundings around;
        around.scan_bytes = [this] { return ScanBytes(); };
        around.on_closed = [this](const RecordTail* closed) { Forget(closed); };
        const auto tail = std::make_shared<RecordTail>(broker_, io_.context(), std::move(question),
                                                       std::move(stream), std::move(around));
        tails_.push_back(tail);
        count_.store(tails_.size());
        tail->Start();
      });
}

void AddRecordTailPage(HttpPages& pages, Broker& broker, RecordTails& tails) {
  const auto page = [&broker, &tails](const HttpRequest& request, HttpReply reply) {
    Result<AskedTail> asked = ReadTail(request);
    if (!asked.ok()) {
      reply(ErrorResponse(asked.error()));
      return;
    }
    if (!tails.has_room()) {
      reply(TooManyStreams("as many live tails are open as there may be"));
      return;
    }
    const std::string topic = asked->question.topic;
    auto answer = [&tails, asked = std::move(asked).value(),
                   reply = std::move(reply)](Result<TopicDescription> described) mutable {
      auto parts = described.ok() ? PartsOf(*described, asked.partition) : described.error();
      if (!parts.ok()) {
        reply(ErrorResponse(parts.error()));
        return;
      }
      asked.question.parts = std::move(parts).value();
      reply(EventStreamResponse(
          [&tails, question = asked.question](std::shared_ptr<HttpEventStream> stream) {
            tails.Open(question, std::move(stream));
          }));
    };
    broker.DescribeTopic(topic, Reply<TopicDescription>(std::move(answer)));
  };
  pages.Add("/events/records",
            WithParameters({"topic", "partition", "contains", "key", "rate"}, page));
}

}  // namespace qalam
