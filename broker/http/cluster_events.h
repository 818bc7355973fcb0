#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/api/broker.h"
#include "broker/http/cluster_event_text.h"
#include "broker/http/event_feed.h"
#include "broker/http/figure_history.h"
#include "broker/http/figure_rates.h"
#include "broker/http/http_event_stream.h"
#include "broker/http/row_changes.h"
#include "broker/io/io_thread.h"
#include "common/clock.h"

namespace qalam {

struct ClusterEventsOptions {
  std::chrono::milliseconds interval{1000};
  std::size_t delta_rows_bytes_max = 150'000;  // Rows beyond wait for the next delta.
  // Deltas that a client that comes back may still get.
  std::size_t kept_deltas_max = 60;
  std::size_t kept_bytes_max = std::size_t{3} << 19;
  std::chrono::seconds kept_unheard{
      30};                               // How long deltas are made for clients that may come back.
  std::function<std::size_t()> streams;  // How many streams clients have open; may be empty.
};

// What /events tells: samples the broker's figures every second, keeps their history and the feed,
// and sends each listener a snapshot and then every delta, each encoded once for all. A listener
// that can't keep up misses deltas, is told so (resync) once it has taken what it was sent, and
// gets a new snapshot. Memory, beside the histories (0.6 MiB): the kept deltas, and for each
// partition about half a kilobyte.
// Thread: Join and Ask from any; Start and Stop the owner's; all else its own IoThread.
class ClusterEvents {
 public:
  ClusterEvents(Broker& broker, const Clock& clock, ClusterEventsOptions options);
  ~ClusterEvents();  // Stopped.

  void Start();
  // Lets go of all streams. What the broker was asked must be answered before this is destroyed.
  void Stop();
  // `last_id`: what the client got last, from here or from another process, or nothing.
  void Join(std::shared_ptr<HttpEventStream> stream, std::string last_id);
  // Runs `ask` where the histories are.
  void Ask(UniqueFunction<void(const TotalsHistory&, const BusiestHistory&)> ask);

 private:
  struct Listener {
    std::shared_ptr<HttpEventStream> stream;
    bool behind = false;  // Deltas were missed: a resync is due.
    bool waits = false;   // For a snapshot.
  };
  struct KeptDelta {
    std::uint64_t number = 0;
    EventText text;
  };

  void AwaitNext();
  void Sample();
  void OnFigures(Result<BrokerFigures> figures, MonotonicTime read_at);
  void OnCluster(Result<ClusterInfo> cluster);
  void Add(Listener listener, const std::string& last_id);
  bool Resume(HttpEventStream& stream, const std::string& last_id) const;
  void MakeDelta();
  void ServeSnapshots();
  void AskForCluster();
  bool anybody_hears() const;
  ClusterSample Now() const { return {at_ms_, rates_, *cluster_, feed_}; }
  std::string Id(std::uint64_t number) const;

  Broker& broker_;
  const Clock& clock_;
  const ClusterEventsOptions options_;
  const std::string tag_;  // Of this process, so that ids of another are told apart.
  IoThread io_{"http-events"};
  boost::asio::steady_timer timer_;
  bool stopping_ = false;
  bool started_ = false;

  std::chrono::steady_clock::time_point next_sample_;
  MonotonicTime read_at_{};
  TimestampMs at_ms_ = 0;
  std::uint64_t number_ = 0;  // Of the sample: samples are counted from 1.
  FigureRates rates_;
  std::optional<ClusterInfo> cluster_;  // Of this sample; nothing while nobody listens.
  bool awaits_cluster_ = false;         // The sample is whole once it is there.
  bool cluster_asked_ = false;
  TotalsHistory totals_;
  BusiestHistory busiest_;
  EventFeed feed_;
  std::size_t new_entries_ = 0;  // Of the feed, since the last delta.

  std::vector<Listener> listeners_;
  MonotonicTime heard_at_{};  // When somebody last listened.
  bool making_deltas_ = false;
  RowChanges changes_;
  std::deque<KeptDelta> kept_;  // One after the other, up to number_.
  std::size_t kept_bytes_ = 0;
  EventText snapshot_;  // Of this sample, if somebody wanted it.
};

}  // namespace qalam
