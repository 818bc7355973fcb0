#include "broker/http/record_tail.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "broker/http/cluster_event_text.h"
#include "broker/http/http_message.h"

namespace qalam {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kFlush{250};
constexpr std::size_t kFetchBytes = std::size_t{64} << 10;
constexpr int kPausesMax = 4;  // A filter that is this often behind goes on from the end.

// Of an error page, the JSON on one line.
std::string OneLine(const Error& error) {
  std::string json = ErrorResponse(error).body;
  std::erase(json, '\n');
  return json;
}

}  // namespace

RecordTail::RecordTail(Broker& broker, asio::io_context& context, TailQuestion question,
                       std::shared_ptr<HttpEventStream> stream, Surroundings around)
    : broker_(broker),
      context_(context),
      topic_(question.topic),
      stream_(std::move(stream)),
      around_(std::move(around)),
      timer_(context),
      window_(question.topic, std::move(question.match), question.rate),
      parts_(question.parts.size()),
      live_(question.parts.size()) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    parts_[i].partition = question.parts[i].partition;
    parts_[i].next = question.parts[i].from;
  }
}

void RecordTail::Start() {
  window_.Refill(std::chrono::milliseconds(0), around_.scan_bytes());
  (void)stream_->Send(MakeEvent("", "records", window_.Take()));  // It is open.
  for (std::size_t i = 0; i < parts_.size(); ++i) Open(i, parts_[i].next);
  AwaitFlush();
}

void RecordTail::Close() {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  for (Part& part : parts_) {
    if (part.session) part.session->Cancel();
  }
  stream_->End();
  around_.on_closed(this);
}

void RecordTail::Open(std::size_t i, Offset from) {
  Part& part = parts_[i];
  if (part.session) part.session->Cancel();
  part.next = from;
  const std::uint32_t generation = ++part.generation;
  broker_.OpenTail(
      {topic_, part.partition}, from, kFetchBytes,
      Reply<std::unique_ptr<TailSession>>(
          [self = shared_from_this(), i, generation](Result<std::unique_ptr<TailSession>> session) {
            auto& context = self->context_;
            asio::post(context, [self, i, generation, session = std::move(session)]() mutable {
              if (self->closed_ || self->parts_[i].generation != generation) return;
              if (session.ok()) {
                self->parts_[i].session = std::move(session).value();
                self->Ask(i);
              } else {
                self->OnError(i, session.error());
              }
            });
          }));
}

void RecordTail::Ask(std::size_t i) {
  parts_[i].pauses = false;
  parts_[i].session->Next(
      Reply<FetchResult>([self = shared_from_this(), i,
                          generation = parts_[i].generation](Result<FetchResult> result) {
        auto& context = self->context_;
        asio::post(context, [self, i, generation, result = std::move(result)]() mutable {
          self->OnBatches(i, generation, std::move(result));
        });
      }));
}

void RecordTail::OnBatches(std::size_t i, std::uint32_t generation, Result<FetchResult> result) {
  Part& part = parts_[i];
  if (closed_ || part.generation != generation) return;
  if (!result.ok()) {
    OnError(i, result.error());
    return;
  }
  window_.Look(part.partition, part.next, result->batches);
  part.next = result->next_offset;
  part.high = result->high_watermark;
  if (part.next >= part.high) part.pauses_in_a_row = 0;
  if (window_.wants_more()) {
    Ask(i);
  } else {
    part.pauses = true;
    ++part.pauses_in_a_row;
  }
}

void RecordTail::OnError(std::size_t i, const Error& error) {
  Part& part = parts_[i];
  // Retention was quicker.
  if (error.code() == ErrorCode::kOffsetOutOfRange) {
    part.pauses = true;
    part.pauses_in_a_row = kPausesMax;
    return;
  }
  part.ended = true;
  if (--live_ > 0) return;
  if (window_.has_news()) (void)stream_->Send(MakeEvent("", "records", window_.Take()));
  (void)stream_->Send(MakeEvent("", "end", OneLine(error)));
  Close();
}

void RecordTail::AwaitFlush() {
  timer_.expires_after(kFlush);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && !self->closed_) self->Flush();
  });
}

void RecordTail::Flush() {
  if (stream_->closed()) {
    Close();
    return;
  }
  if (window_.has_news()) {
    const std::size_t shown = window_.shown();
    const std::uint64_t dropped = window_.dropped();
    const std::uint64_t skipped = window_.skipped();
    if (!stream_->Send(MakeEvent("", "records", window_.Take()))) {
      window_.PutBack(shown, dropped, skipped);
    }
  }
  window_.Refill(kFlush, around_.scan_bytes());
  GoOn();
  AwaitFlush();
}

void RecordTail::GoOn() {
  std::vector<std::size_t> behind;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (!part.pauses || part.ended) continue;
    const bool too_far = window_.filters()
                             ? part.pauses_in_a_row >= kPausesMax
                             : part.high - part.next > static_cast<Offset>(window_.may_show());
    if (too_far) {
      behind.push_back(i);
    } else {
      Ask(i);
    }
  }
  if (!behind.empty()) JumpToEnds(behind);
}

void RecordTail::JumpToEnds(const std::vector<std::size_t>& parts) {
  std::vector<OffsetQuery> queries;
  for (const std::size_t i : parts) {
    parts_[i].pauses = false;  // Until the answer is there.
    queries.push_back({parts_[i].partition, OffsetQuery::At::kLatest, kNoTimestamp});
  }
  auto then = [self = shared_from_this(), parts](Result<std::vector<OffsetAnswer>> ends) {
    auto& context = self->context_;
    asio::post(context, [self, parts, ends = std::move(ends)] {
      for (std::size_t k = 0; k < parts.size() && !self->closed_; ++k) {
        Part& part = self->parts_[parts[k]];
        const bool known = ends.ok() && k < ends->size() && !(*ends)[k].error;
        if (!known) {
          self->OnError(parts[k], ends.ok() && k < ends->size() ? *(*ends)[k].error : ends.error());
          continue;
        }
        const Offset end = (*ends)[k].offset;
        if (end > part.next) self->window_.PassOver(static_cast<std::uint64_t>(end - part.next));
        part.pauses_in_a_row = 0;
        self->Open(parts[k], end);
      }
    });
  };
  broker_.ListOffsets(topic_, std::move(queries),
                      Reply<std::vector<OffsetAnswer>>(std::move(then)));
}

}  // namespace qalam
