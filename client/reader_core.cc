#include "client/reader_core.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "client/steady_time.h"

namespace qalam::abi0 {
namespace {

constexpr std::size_t kMessageBytesMax = std::size_t{8} << 20;

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

ReaderOptions Bounded(ReaderOptions options) {
  options.message_bytes_max =
      std::clamp<std::size_t>(options.message_bytes_max, 1, kMessageBytesMax);
  options.fetch_bytes_max = std::max<std::size_t>(options.fetch_bytes_max, 1);
  return options;
}

// The questions that say where `from` is, and where to end. Their number depends on the kinds
// alone.
void AddQuestions(v1::ListOffsetsRequest& request, std::int32_t partition, const From& from,
                  bool ask_from, bool ask_end, std::optional<std::int64_t> until_time_ms) {
  const auto ask = [&]() -> v1::ListOffsetsRequest::Query& {
    auto& query = *request.add_queries();
    query.set_partition(partition);
    return query;
  };
  if (ask_from) {
    switch (from.kind()) {
      case From::Kind::kStart:
        ask().set_earliest(true);
        break;
      case From::Kind::kEnd:
        ask().set_latest(true);
        break;
      case From::Kind::kTime:
        ask().set_timestamp_ms(from.number());
        break;
      case From::Kind::kLast:
        ask().set_latest(true);
        ask().set_earliest(true);
        break;
      case From::Kind::kMaxTimestamp:
        ask().set_max_timestamp(true);
        break;
      case From::Kind::kOffset:
        break;
    }
  }
  if (ask_end) ask().set_latest(true);
  if (until_time_ms) ask().set_timestamp_ms(*until_time_ms);
}

Error WithPlace(const Error& error, const TopicPartition& partition,
                std::optional<std::int64_t> offset) {
  const Error placed = ErrorAt(error, partition);
  if (!offset) return placed;
  std::map<std::string, std::string> details = placed.details();
  details.emplace("offset", std::to_string(*offset));
  return {placed.code(), placed.message(),   placed.retriable(),
          placed.hint(), std::move(details), placed.broker()};
}

}  // namespace

ReaderCore::ReaderCore(std::shared_ptr<ClusterClient> cluster,
                       std::vector<TopicPartition> partitions, From from, ReaderOptions options)
    : cluster_(std::move(cluster)),
      options_(Bounded(std::move(options))),
      room_(std::make_shared<ReceiveRoom>(options_.fetch_bytes_max)),
      pool_(std::make_shared<StoragePool>()) {
  parts_.reserve(partitions.size());
  for (TopicPartition& partition : partitions) {
    Part& part = parts_.emplace_back(std::move(partition), from, cluster_->connections().retry());
    if (from.kind() == From::Kind::kOffset) part.position = from.number();
    const Until& until = options_.until;
    part.until_known = until.kind() == Until::Kind::kNever || until.kind() == Until::Kind::kOffset;
    if (until.kind() == Until::Kind::kOffset) part.until_offset = until.number();
    if (until.kind() == Until::Kind::kTime && until.number() > NowMs()) {
      part.until_known = true;
      part.until_time_ms = until.number();
    }
    if (options_.stop_at_end) part.until_known = false;
    if (part.position && part.until_offset && *part.position >= *part.until_offset) Finish(part);
  }
}

ReaderCore::~ReaderCore() {
  for (Part& part : parts_) {
    if (part.stream != nullptr) part.stream->Cancel();
  }
}

Result<Batch> ReaderCore::Next(std::chrono::milliseconds timeout) {
  if (forked()) return ErrorFromCore(ForkedError());
  const TimePoint end = SteadyClock::now() + std::min(timeout, kTimeoutMax);
  while (true) {
    if (room_->TakeWakeup() || done()) return Batch();
    Connect();
    const auto index = room_->NextReported(std::min(end, connect_at_));
    if (index) {
      if (auto found = LookAt(*index)) return std::move(*found);
    } else if (SteadyClock::now() >= end) {
      (void)room_->TakeWakeup();
      return Batch();
    }
  }
}

std::optional<Result<Batch>> ReaderCore::LookAt(std::size_t index) {
  Part& part = parts_[index];
  if (part.error) return std::exchange(part.error, std::nullopt);
  if (part.lookup != nullptr) {
    std::optional<Result<v1::ListOffsetsResponse>> answer;
    {
      MutexLock lock(part.lookup->mutex);
      answer = part.lookup->answer;
    }
    if (!answer) return std::nullopt;
    const auto error = TakeOffsets(part, *answer);
    part.lookup = nullptr;
    if (error) {
      if (auto shown = OnFailure(part, *error)) return *shown;
      return std::nullopt;
    }
    part.reached = true;
    part.lost_since.reset();
    // An offset beyond the end is for the broker to refuse, and for the policy to decide.
    const bool beyond_end = part.from.kind() == From::Kind::kOffset && part.end_offset &&
                            *part.position > *part.end_offset;
    if (!beyond_end && part.until_offset && *part.position >= *part.until_offset) {
      Finish(part);
    } else {
      StartStream(index);
    }
    return std::nullopt;
  }
  if (part.stream == nullptr) return std::nullopt;
  std::optional<TailPart> message;
  if (!part.decoder) message = part.stream->Take();
  if (part.decoder || message) {
    // In turn: the others first, if this one has more.
    auto result = message ? Receive(part, std::move(*message)) : Decode(part, pool_->Take());
    if (part.error || part.decoder || (part.stream != nullptr && part.stream->has_news()))
      room_->Report(index);
    return result;
  }
  const auto error = part.stream->ended();
  if (!error) return std::nullopt;
  part.stream = nullptr;
  cluster_->Learn(part.partition, part.address, *error);
  if (auto shown = OnFailure(part, *error)) return *shown;
  return std::nullopt;
}

std::optional<Result<Batch>> ReaderCore::Receive(Part& part, TailPart message) {
  std::unique_ptr<Batch::Storage> storage = pool_->Take();
  if (storage->received == nullptr) storage->received = std::make_shared<RawBuffer>();
  const auto decoded = message.unpack(*storage->received);
  if (!decoded) {
    DropStream(part);
    RetryLater(part);
    return WithPlace(
        Error("UNKNOWN", "the broker sent a message that is no TailResponse", {}, part.address),
        part.partition, part.position);
  }
  part.reached = true;
  part.lost_since.reset();
  part.retry.Reset();
  part.high_watermark = decoded->high_watermark;
  part.log_start_offset = decoded->log_start_offset;
  part.leader_epoch = decoded->leader_epoch;
  part.message = *decoded;
  part.decoder.emplace(storage->received);
  room_->Add(part.decoder->received_bytes());
  return Decode(part, std::move(storage));
}

// The next records of the message at hand.
std::optional<Result<Batch>> ReaderCore::Decode(Part& part,
                                                std::unique_ptr<Batch::Storage> storage) {
  storage->topic = part.partition.topic;
  storage->partition = part.partition.partition;
  DecodeOptions how;
  how.from_offset = *part.position;
  how.until_offset = part.until_offset;
  how.until_time_ms = part.until_time_ms;
  how.decompressed_bytes_max = options_.decompressed_bytes_max;
  how.unpacked_bytes_soft_max = options_.message_bytes_max;
  how.check_crc = options_.check_crc;
  DecodeResult progress;
  const Status status = part.decoder->Next(how, *storage, progress);
  part.position = progress.next_offset;
  if (!status.ok()) {
    part.error = WithPlace(status.error(), part.partition, part.position);
    DropStream(part);
    RetryLater(part);
  } else {
    if (part.decoder->done()) {
      DropDecoder(part);
      part.position = std::max(*part.position, part.message.next_offset);
    }
    if (progress.reached_until || (part.until_offset && *part.position >= *part.until_offset)) {
      Finish(part);
    }
  }
  storage->next_offset = *part.position;
  storage->high_watermark = part.high_watermark;
  if (storage->records.empty()) {
    pool_->Give(std::move(storage));
    if (part.error) return std::exchange(part.error, std::nullopt);
    return std::nullopt;
  }
  return Batch(std::move(storage));
}

void ReaderCore::DropStream(Part& part) {
  DropDecoder(part);
  if (part.stream != nullptr) part.stream->Cancel();
  part.stream = nullptr;
}

void ReaderCore::DropDecoder(Part& part) {
  if (!part.decoder) return;
  room_->Remove(part.decoder->received_bytes());
  part.decoder.reset();
}

void ReaderCore::Connect() {
  const TimePoint now = SteadyClock::now();
  if (now < connect_at_) return;
  connect_at_ = TimePoint::max();
  std::map<std::string, std::vector<std::size_t>> to_ask;  // By topic.
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (part.done || !part.waiting) continue;
    if (part.retry_at > now) {
      connect_at_ = std::min(connect_at_, part.retry_at);
      continue;
    }
    part.waiting = false;
    if (!part.position || !part.until_known) {
      to_ask[part.partition.topic].push_back(i);
    } else {
      StartStream(i);
    }
  }
  for (const auto& [topic, indexes] : to_ask) AskOffsets(indexes);
}

void ReaderCore::AskOffsets(const std::vector<std::size_t>& indexes) {
  auto request = std::make_shared<v1::ListOffsetsRequest>();
  auto lookup = std::make_shared<Lookup>();
  request->set_topic(parts_[indexes.front()].partition.topic);
  for (const std::size_t index : indexes) {
    Part& part = parts_[index];
    part.lookup = lookup;
    part.lookup_at = request->queries_size();
    AddQuestions(*request, part.partition.partition, part.from, !part.position, AsksEnd(part),
                 AsksUntilTime(part));
  }
  cluster_->ListOffsets(request,
                        [lookup, room = room_, indexes](Result<v1::ListOffsetsResponse> answer) {
                          {
                            MutexLock lock(lookup->mutex);
                            lookup->answer = std::move(answer);
                          }
                          for (const std::size_t index : indexes) room->Report(index);
                        });
}

bool ReaderCore::AsksEnd(const Part& part) const {
  return !part.until_known && (options_.stop_at_end || options_.until.kind() == Until::Kind::kEnd);
}

std::optional<std::int64_t> ReaderCore::AsksUntilTime(const Part& part) const {
  if (part.until_known || part.until_time_ms || options_.until.kind() != Until::Kind::kTime)
    return std::nullopt;
  return options_.until.number();
}

std::optional<Error> ReaderCore::TakeOffsets(Part& part,
                                             const Result<v1::ListOffsetsResponse>& answer) {
  if (!answer.ok()) return answer.error();
  int at = part.lookup_at;
  std::optional<Error> failed;
  const auto next = [&]() -> std::int64_t {
    if (at >= answer->results_size()) {
      failed = Error("UNKNOWN", "the broker left a question about offsets unanswered");
      return 0;
    }
    const auto& result = answer->results(at++);
    if (result.has_error() && !failed) failed = ErrorFromWire(result.error(), part.address);
    return result.offset();
  };
  if (!part.position) {
    std::int64_t position = next();
    if (part.from.kind() == From::Kind::kLast) {
      const std::int64_t earliest = next();
      position = std::max(position - std::max<std::int64_t>(part.from.number(), 0), earliest);
    }
    if (!failed) part.position = position;
  }
  if (!part.until_known) {
    std::optional<std::int64_t> end;
    std::optional<std::int64_t> until = part.until_offset;
    if (AsksEnd(part)) end = next();
    if (AsksUntilTime(part)) until = next();
    if (!failed) {
      part.end_offset = end;
      part.until_offset = end && until ? std::min(*end, *until) : until ? until : end;
      part.until_known = true;
    }
  }
  return failed;
}

void ReaderCore::StartStream(std::size_t index) {
  Part& part = parts_[index];
  const Connection connection = cluster_->ConnectionFor(part.partition);
  part.address = connection.address;
  TailOpen open;
  open.topic = part.partition.topic;
  open.partition = part.partition.partition;
  open.offset = *part.position;
  open.bytes_max =
      static_cast<std::int32_t>(std::min(options_.message_bytes_max, options_.fetch_bytes_max));
  open.client_id = cluster_->options().client_id;
  part.stream = TailStream::Start(connection, open, room_, index);
}

// Decides what a failure means: try again quietly (nothing is returned), or tell.
std::optional<Error> ReaderCore::OnFailure(Part& part, const Error& error) {
  if (error.Is("OFFSET_OUT_OF_RANGE") && options_.out_of_range != OutOfRangePolicy::kFail) {
    part.from = options_.out_of_range == OutOfRangePolicy::kEarliest ? From::Start() : From::End();
    part.position.reset();
    RetryLater(part);
    return std::nullopt;
  }
  RetryLater(part);
  if (!error.retriable()) return WithPlace(error, part.partition, part.position);
  const TimePoint now = SteadyClock::now();
  if (!part.lost_since) part.lost_since = now;
  const bool for_ever = part.reached && options_.reconnect_timeout.count() == 0;
  const auto patience = options_.reconnect_timeout.count() > 0
                            ? options_.reconnect_timeout
                            : cluster_->options().connect_timeout;
  if (for_ever || now - *part.lost_since < patience) return std::nullopt;
  part.lost_since.reset();
  return WithPlace(error, part.partition, part.position);
}

void ReaderCore::RetryLater(Part& part) {
  part.waiting = true;
  part.retry_at = SteadyClock::now() + part.retry.NextDelay();
  connect_at_ = std::min(connect_at_, part.retry_at);
}

void ReaderCore::Finish(Part& part) {
  DropStream(part);
  part.waiting = false;
  if (!std::exchange(part.done, true)) ++done_count_;
}

Status ReaderCore::Seek(const TopicPartition& partition, From from) {
  if (forked()) return ErrorFromCore(ForkedError());
  const auto found = std::find_if(parts_.begin(), parts_.end(), [&partition](const Part& part) {
    return part.partition == partition;
  });
  if (found == parts_.end()) {
    return Error("UNKNOWN_PARTITION",
                 partition.topic + "-" + std::to_string(partition.partition) +
                     " is not one of this reader's partitions",
                 {{"topic", partition.topic}, {"partition", std::to_string(partition.partition)}});
  }
  Part& part = *found;
  DropStream(part);
  part.lookup = nullptr;
  part.error.reset();
  part.from = from;
  part.position.reset();
  if (from.kind() == From::Kind::kOffset) part.position = from.number();
  if (std::exchange(part.done, false)) --done_count_;
  part.waiting = true;
  part.retry_at = TimePoint{};
  connect_at_ = TimePoint{};
  if (part.position && part.until_offset && *part.position >= *part.until_offset) Finish(part);
  return {};
}

std::vector<ReaderPosition> ReaderCore::positions() const {
  std::vector<ReaderPosition> positions;
  positions.reserve(parts_.size());
  for (const Part& part : parts_) {
    ReaderPosition position;
    position.topic = part.partition.topic;
    position.partition = part.partition.partition;
    position.next_offset = part.position.value_or(-1);
    position.until_offset = part.until_offset.value_or(-1);
    position.high_watermark = part.high_watermark;
    position.log_start_offset = part.log_start_offset;
    position.leader_epoch = part.leader_epoch;
    position.done = part.done;
    positions.push_back(std::move(position));
  }
  return positions;
}

}  // namespace qalam::abi0
