#include "broker/http/cluster_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>
#include <utility>

#include "common/check.h"

namespace qalam {

namespace asio = boost::asio;

ClusterEvents::ClusterEvents(Broker& broker, const Clock& clock, ClusterEventsOptions options)
    : broker_(broker),
      clock_(clock),
      options_(std::move(options)),
      tag_(fmt::format("{:x}", clock.NowMs())),
      timer_(io_.context()),
      changes_(options_.delta_rows_bytes_max) {}

ClusterEvents::~ClusterEvents() { QALAM_CHECK(!started_); }

void ClusterEvents::Start() {
  started_ = true;
  io_.Start();
  asio::post(io_.context(), [this] {
    next_sample_ = std::chrono::steady_clock::now();
    Sample();
  });
}

void ClusterEvents::Stop() {
  if (!std::exchange(started_, false)) return;
  io_.RunAndWait([this] {
    stopping_ = true;
    timer_.cancel();
    for (const Listener& listener : listeners_) listener.stream->End();
    listeners_.clear();
  });
  io_.Stop();
}

void ClusterEvents::Join(std::shared_ptr<HttpEventStream> stream, std::string last_id) {
  asio::post(io_.context(), [this, stream = std::move(stream), last_id = std::move(last_id)] {
    Add({stream, false, false}, last_id);
  });
}

void ClusterEvents::Ask(UniqueFunction<void(const TotalsHistory&, const BusiestHistory&)> ask) {
  asio::post(io_.context(), [this, ask = std::move(ask)]() mutable { ask(totals_, busiest_); });
}

// --- sampling ---

void ClusterEvents::AwaitNext() {
  if (stopping_) return;
  // Where a sample took long, those that were due meanwhile are left out.
  const auto now = std::chrono::steady_clock::now();
  do next_sample_ += options_.interval;
  while (next_sample_ <= now);
  timer_.expires_at(next_sample_);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error && !stopping_) Sample();
  });
}

void ClusterEvents::Sample() {
  broker_.ReadFigures(Reply<BrokerFigures>([this](Result<BrokerFigures> figures) {
    asio::post(io_.context(), [this, figures = std::move(figures), now = clock_.Now()]() mutable {
      OnFigures(std::move(figures), now);
    });
  }));
}

void ClusterEvents::OnFigures(Result<BrokerFigures> figures, MonotonicTime read_at) {
  if (!figures.ok()) {
    AwaitNext();
    return;
  }
  const auto interval = std::chrono::duration<double>(read_at - read_at_);
  read_at_ = read_at;
  at_ms_ = clock_.NowMs();
  ++number_;
  snapshot_.reset();
  cluster_.reset();
  rates_.Advance(std::make_shared<const BrokerFigures>(std::move(figures).value()),
                 interval.count(), options_.streams ? options_.streams() : 0);
  totals_.Add(at_ms_, read_at, rates_.totals());
  busiest_.Add(at_ms_, read_at, rates_);
  new_entries_ += feed_.Observe(at_ms_, read_at, rates_);
  std::erase_if(listeners_, [](const Listener& each) { return each.stream->closed(); });
  if (!listeners_.empty()) heard_at_ = read_at;
  if (anybody_hears()) {
    awaits_cluster_ = true;
    AskForCluster();
    return;
  }
  making_deltas_ = false;
  new_entries_ = 0;
  kept_.clear();
  kept_bytes_ = 0;
  AwaitNext();
}

bool ClusterEvents::anybody_hears() const {
  return !listeners_.empty() || (making_deltas_ && read_at_ - heard_at_ < options_.kept_unheard);
}

void ClusterEvents::AskForCluster() {
  if (std::exchange(cluster_asked_, true)) return;
  broker_.DescribeCluster(Reply<ClusterInfo>([this](Result<ClusterInfo> cluster) {
    asio::post(io_.context(),
               [this, cluster = std::move(cluster)]() mutable { OnCluster(std::move(cluster)); });
  }));
}

void ClusterEvents::OnCluster(Result<ClusterInfo> cluster) {
  cluster_asked_ = false;
  const bool completes = std::exchange(awaits_cluster_, false);
  if (cluster.ok() && !stopping_) {
    cluster_ = std::move(cluster).value();
    if (completes && making_deltas_) MakeDelta();
    ServeSnapshots();
  }
  if (completes) AwaitNext();
}

// --- telling ---

std::string ClusterEvents::Id(std::uint64_t number) const {
  return tag_ + "-" + std::to_string(number);
}

void ClusterEvents::MakeDelta() {
  const auto encode = [this](std::string& out, std::size_t i) {
    AppendRowJson(rates_.now()->partitions[i], rates_.partitions()[i], out);
  };
  const std::string rows = changes_.Take(rates_, encode);
  const EventText text =
      MakeEvent(Id(number_), "delta", DeltaJson(Now(), rows, changes_.gone(), new_entries_));
  new_entries_ = 0;
  kept_.push_back({number_, text});
  kept_bytes_ += text->size();
  while (kept_.size() > options_.kept_deltas_max || kept_bytes_ > options_.kept_bytes_max) {
    kept_bytes_ -= kept_.front().text->size();
    kept_.pop_front();
  }
  for (Listener& listener : listeners_) {
    if (listener.waits) continue;
    if (!listener.behind) {
      listener.behind = !listener.stream->Send(text);
    } else if (listener.stream->queued_bytes() == 0) {
      static const EventText resync = MakeEvent("", "resync", "{}");
      listener.behind = false;
      listener.waits = true;
      (void)listener.stream->Send(resync);
    }
  }
}

void ClusterEvents::Add(Listener listener, const std::string& last_id) {
  if (stopping_) {
    listener.stream->End();
    return;
  }
  heard_at_ = clock_.Now();
  listener.waits = !Resume(*listener.stream, last_id);
  listeners_.push_back(std::move(listener));
  ServeSnapshots();
}

// Sends what came after `last_id`. False: that is not known any more.
bool ClusterEvents::Resume(HttpEventStream& stream, const std::string& last_id) const {
  const std::string_view id(last_id);
  if (!making_deltas_ || kept_.empty() || !id.starts_with(tag_ + "-")) return false;
  std::uint64_t last = 0;
  const char* const end = id.data() + id.size();
  const auto [rest, error] = std::from_chars(id.data() + tag_.size() + 1, end, last);
  if (error != std::errc() || rest != end) return false;
  // Between a sample and its delta, the last one is that of the sample before.
  if (last + 1 < kept_.front().number || last > kept_.back().number) return false;
  for (const KeptDelta& delta : kept_) {
    if (delta.number > last && !stream.Send(delta.text)) return false;
  }
  return true;
}

// To those who wait, as soon as there is a whole sample.
void ClusterEvents::ServeSnapshots() {
  const auto waits = [](const Listener& each) { return each.waits; };
  if (std::none_of(listeners_.begin(), listeners_.end(), waits) || number_ == 0) return;
  if (!cluster_) {
    AskForCluster();
    return;
  }
  if (!std::exchange(making_deltas_, true)) {
    changes_.Reset(rates_);
    new_entries_ = 0;
  }
  if (!snapshot_) snapshot_ = MakeEvent(Id(number_), "snapshot", SnapshotJson(Now()));
  for (Listener& listener : listeners_) {
    if (!std::exchange(listener.waits, false)) continue;
    listener.behind = !listener.stream->Send(snapshot_);
  }
}

}  // namespace qalam
