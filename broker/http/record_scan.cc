#include "broker/http/record_scan.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace qalam {
namespace {

using Steady = std::chrono::steady_clock;
using At = RecordStart::At;

constexpr std::chrono::milliseconds kTimeMax{2'000};
constexpr std::size_t kReadsMin = 8;  // As many are made in any case, so that each page gets on.

Error OutOfRange(const std::string& topic, const PartitionRange& whole, Offset offset) {
  return Error(ErrorCode::kOffsetOutOfRange, "offset " + std::to_string(offset) + " is outside " +
                                                 TopicPartition{topic, whole.partition}.ToString() +
                                                 ", which has " + std::to_string(whole.start) +
                                                 " to " + std::to_string(whole.end))
      .With("log_start_offset", whole.start)
      .With("high_watermark", whole.end);
}

// What of `whole` is to be looked at. `at_time`: where the time that was asked for begins.
Result<PartitionRange> Narrow(const std::string& topic, const RecordStart& start,
                              const PartitionRange& whole, Offset at_time, std::size_t index) {
  PartitionRange range = whole;
  switch (start.at) {
    case At::kNewest:
    case At::kOldest:
      break;
    case At::kOffset:
    case At::kOnly: {
      const bool exists = start.number < whole.end || start.at == At::kOffset;
      if (start.number < whole.start || start.number > whole.end || !exists) {
        return OutOfRange(topic, whole, start.number);
      }
      range.start = start.number;
      if (start.at == At::kOnly) range.end = start.number + 1;
      break;
    }
    case At::kTime:
      range.start = std::clamp(at_time, whole.start, whole.end);
      break;
    case At::kToken: {
      const Offset offset = std::clamp(start.token.offsets[index], whole.start, whole.end);
      (start.token.newest_first ? range.end : range.start) = offset;
      break;
    }
  }
  return range;
}

}  // namespace

// One question, from begin to answer. Thread: the scanner's, except that the broker answers from
// its own; what it says is posted.
class RecordScanner::Scan final : public std::enable_shared_from_this<Scan> {
 public:
  Scan(RecordScanner& scanner, RecordQuery query, RecordStart start, Answer answer)
      : scanner_(scanner),
        query_(std::move(query)),
        start_(std::move(start)),
        answer_(std::move(answer)) {}
  ~Scan() { scanner_.scans_.fetch_sub(1); }

  void Begin();

 private:
  // A Reply that runs `step` of this object on the scanner's thread.
  template <typename T>
  Reply<T> Then(void (Scan::*step)(Result<T>)) {
    return Reply<T>([self = shared_from_this(), step](Result<T> answer) mutable {
      auto& context = self->scanner_.io_.context();
      boost::asio::post(context,
                        [self = std::move(self), step, answer = std::move(answer)]() mutable {
                          ((*self).*step)(std::move(answer));
                        });
    });
  }
  void OnTopic(Result<TopicDescription> topic);
  void AskOffsets(std::vector<PartitionId> partitions);
  void OnOffsets(Result<std::vector<OffsetAnswer>> offsets);
  void Advance();
  void OnRead(Result<FetchResult> read);

  RecordScanner& scanner_;
  const RecordQuery query_;
  const RecordStart start_;
  Answer answer_;
  std::vector<PartitionId> partitions_;
  std::vector<std::string> problems_;
  std::optional<RecordMerge> merge_;
  std::size_t reads_ = 0;
  const Steady::time_point until_ = Steady::now() + kTimeMax;
};

void RecordScanner::Scan::Begin() {
  if (start_.partition) {
    AskOffsets({*start_.partition});
  } else {
    scanner_.broker_.DescribeTopic(query_.topic, Then(&Scan::OnTopic));
  }
}

void RecordScanner::Scan::OnTopic(Result<TopicDescription> topic) {
  if (!topic.ok()) {
    answer_(topic.error());
    return;
  }
  std::vector<PartitionId> partitions;
  for (const PartitionInfo& each : topic->partitions) {
    partitions.push_back(each.partition.partition);
  }
  if (partitions.size() > kPartitionsMax) {
    answer_(Error(ErrorCode::kInvalidArgument,
                  "topic \"" + query_.topic + "\" has " + std::to_string(partitions.size()) +
                      " partitions, and no more than " + std::to_string(kPartitionsMax) +
                      " are merged; choose one with partition=")
                .With("field", "partition"));
  } else if (partitions.size() > 1 && start_.at == At::kOffset) {
    answer_(Error(ErrorCode::kInvalidArgument, "from: an offset needs partition=, as topic \"" +
                                                   query_.topic + "\" has more than one")
                .With("field", "partition"));
  } else {
    AskOffsets(std::move(partitions));
  }
}

void RecordScanner::Scan::AskOffsets(std::vector<PartitionId> partitions) {
  partitions_ = std::move(partitions);
  if (start_.at == At::kToken && start_.token.offsets.size() != partitions_.size()) {
    answer_(Error(ErrorCode::kInvalidArgument, "page_token: of another topic or partition")
                .With("field", "page_token"));
    return;
  }
  std::vector<OffsetQuery> queries;
  for (const PartitionId partition : partitions_) {
    queries.push_back({partition, OffsetQuery::At::kEarliest});
    queries.push_back({partition, OffsetQuery::At::kLatest});
    if (start_.at == At::kTime) {
      queries.push_back({partition, OffsetQuery::At::kTimestamp, start_.number});
    }
  }
  scanner_.broker_.ListOffsets(query_.topic, std::move(queries), Then(&Scan::OnOffsets));
}

// Partitions that can't be read are left out of a merge, with the reason.
void RecordScanner::Scan::OnOffsets(Result<std::vector<OffsetAnswer>> offsets) {
  if (!offsets.ok()) {
    answer_(offsets.error());
    return;
  }
  const std::size_t each = start_.at == At::kTime ? 3 : 2;
  std::vector<PartitionRange> ranges;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    PartitionRange whole{partitions_[i], 0, 0};
    const OffsetAnswer* const answers = offsets->data() + i * each;
    const OffsetAnswer* const failed =
        std::find_if(answers, answers + each,
                     [](const OffsetAnswer& answer) { return answer.error.has_value(); });
    if (failed == answers + each) {
      whole.start = answers[0].offset;
      whole.end = answers[1].offset;
    } else if (partitions_.size() == 1) {
      answer_(*failed->error);
      return;
    } else {
      problems_.push_back("partition " + std::to_string(whole.partition) + ": " +
                          failed->error->ToString());
    }
    Result<PartitionRange> range = Narrow(query_.topic, start_, whole, answers[each - 1].offset, i);
    if (!range.ok()) {
      answer_(range.error());
      return;
    }
    ranges.push_back(*range);
  }
  merge_.emplace(query_, std::move(ranges));
  Advance();
}

void RecordScanner::Scan::Advance() {
  std::optional<FetchRequest> request;
  if (reads_ < kReadsMin || Steady::now() < until_) request = merge_->Next();
  if (request) {
    ++reads_;
    scanner_.broker_.Fetch(*std::move(request), Then(&Scan::OnRead));
    return;
  }
  RecordPage page = merge_->Finish();
  page.problems.insert(page.problems.begin(), problems_.begin(), problems_.end());
  answer_(std::move(page));
}

void RecordScanner::Scan::OnRead(Result<FetchResult> read) {
  if (!read.ok()) {
    const ErrorCode code = read.error().code();
    const bool only_one = partitions_.size() == 1 && code != ErrorCode::kOffsetOutOfRange;
    if (only_one || code == ErrorCode::kShuttingDown || code == ErrorCode::kUnknownTopic) {
      answer_(read.error());
      return;
    }
  }
  merge_->Take(read);
  Advance();
}

RecordScanner::RecordScanner(Broker& broker) : broker_(broker) { io_.Start(); }

RecordScanner::~RecordScanner() = default;

void RecordScanner::Find(RecordQuery query, RecordStart start, Answer answer) {
  if (scans_.fetch_add(1) >= kScansMax) {
    scans_.fetch_sub(1);
    answer(Error(ErrorCode::kTooManyRequests,
                 "more than " + std::to_string(kScansMax) + " searches for records at once"));
    return;
  }
  auto scan = std::make_shared<Scan>(*this, std::move(query), std::move(start), std::move(answer));
  boost::asio::post(io_.context(), [scan = std::move(scan)] { scan->Begin(); });
}

void RecordScanner::Stop() {
  while (scans_.load() > 0) io_.RunAndWait([] {});
  io_.Stop();
}

}  // namespace qalam
