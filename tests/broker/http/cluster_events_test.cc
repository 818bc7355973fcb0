#include "broker/http/cluster_events.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "broker/http/event_pages.h"
#include "broker/http/http_server.h"
#include "broker/http/record_tails.h"
#include "tests/broker/api/broker_bench.h"
#include "tests/broker/http/event_client.h"

namespace qalam {
namespace {

using std::chrono::milliseconds;
using Event = EventClient::Event;

// A whole broker, its events and an HTTP server.
class ClusterEventsTest : public testing::Test {
 protected:
  void Start(HttpOptions http = {}, ClusterEventsOptions options = {}) {
    ASSERT_TRUE(bench_.Start().ok());
    ASSERT_TRUE(bench_.Create("orders", 3).ok());
    if (options.interval == milliseconds(1000)) options.interval = milliseconds(20);
    events_ = std::make_unique<ClusterEvents>(*bench_.broker, SystemClock::Get(), options);
    tails_ = std::make_unique<RecordTails>(*bench_.broker);
    HttpPages pages;
    AddEventPages(pages, *events_);
    AddRecordTailPage(pages, *bench_.broker, *tails_);
    server_ = std::make_unique<HttpServer>(std::move(pages), std::move(http));
    const auto port = server_->Listen("127.0.0.1", 0);
    ASSERT_TRUE(port.ok()) << port.error().ToString();
    port_ = *port;
    events_->Start();
    tails_->Start();
    server_->Start();
  }
  void Stop() {
    if (!server_) return;
    server_->StopAccepting();
    bench_.StopBroker();
    tails_->Stop();
    events_->Stop();
    server_->Stop();
    tails_.reset();
    events_.reset();
    server_.reset();
    bench_.Stop();
  }
  void TearDown() override { Stop(); }

  EventClient Open(const std::string& target = "/events", const std::string& last_id = "",
                   int receive_bytes = 0) {
    EventClient client(port_, target, last_id, receive_bytes);
    EXPECT_TRUE(client.Head().starts_with("HTTP/1.1 200 "));
    return client;
  }
  // The first event whose row of orders/`partition` has that high watermark.
  static Event Await(EventClient& client, int partition, int high) {
    for (int i = 0; i < 300; ++i) {
      Event event = client.Next();
      if (event.name.empty()) return event;
      if (!event.data.contains("rows")) continue;
      for (const auto& row : event.data["rows"]) {
        if (row[0] == "orders" && row[1] == partition && row[6] == high) return event;
      }
    }
    return {};
  }
  static std::uint64_t Number(const Event& event) {
    return std::stoull(event.id.substr(event.id.find('-') + 1));
  }

  BrokerBench bench_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<ClusterEvents> events_;
  std::unique_ptr<RecordTails> tails_;
  std::uint16_t port_ = 0;
};

TEST_F(ClusterEventsTest, ASnapshotAndThenWhatChanges) {
  Start();
  EventClient client = Open();
  const Event snapshot = client.Next();
  EXPECT_EQ(snapshot.name, "snapshot");
  EXPECT_EQ(snapshot.data["rows"].size(), 3u);
  EXPECT_EQ(snapshot.data["cluster"]["topicsCount"], 1);
  ASSERT_TRUE(bench_.Append({"orders", 1}, {"a", "b"}).ok());
  const Event delta = Await(client, 1, 2);
  EXPECT_EQ(delta.name, "delta");
  EXPECT_EQ(delta.data["rows"].size(), 1u);
  ASSERT_TRUE(bench_.Create("more", 1).ok());
  ASSERT_TRUE(bench_.Delete("orders").ok());
  std::string feed;
  std::size_t gone = 0;
  for (int i = 0; i < 300 && (gone < 3 || feed.find("orders: topic deleted") == std::string::npos);
       ++i) {
    const Event event = client.Next("delta");
    gone += event.data["gone"].size();
    for (const auto& entry : event.data["feed"]) feed += entry["text"].get<std::string>() + "\n";
  }
  EXPECT_EQ(gone, 3u);
  EXPECT_NE(feed.find("more: topic made, 1 partition\n"), std::string::npos) << feed;
}

TEST_F(ClusterEventsTest, EveryDeltaIsTheNextAfterTheSnapshot) {
  Start();
  EventClient early = Open();
  EventClient late = Open();
  std::uint64_t last = Number(late.Next("snapshot"));
  for (int i = 0; i < 20; ++i) {
    const Event delta = late.Next();
    EXPECT_EQ(delta.name, "delta");
    EXPECT_EQ(Number(delta), last + 1);
    last = Number(delta);
  }
}

TEST_F(ClusterEventsTest, WhoComesBackMissesNothing) {
  Start();
  std::string last_id;
  {
    EventClient client = Open();
    EXPECT_EQ(client.Next().name, "snapshot");
    last_id = client.Next("delta").id;
  }
  ASSERT_TRUE(bench_.Append({"orders", 2}, {"a"}).ok());
  std::this_thread::sleep_for(milliseconds(100));  // Deltas go by that nobody hears.
  EventClient again = Open("/events", last_id);
  const Event first = again.Next();
  EXPECT_EQ(first.name, "delta");
  EXPECT_EQ(Number(first), std::stoull(last_id.substr(last_id.find('-') + 1)) + 1);
  EventClient by_parameter = Open("/events?last_event_id=" + last_id);
  EXPECT_EQ(by_parameter.Next().id, first.id);
  EXPECT_EQ(Await(by_parameter, 2, 1).name, "delta");
}

TEST_F(ClusterEventsTest, WhoKnowsTooLittleOrAnotherProcessGetsASnapshot) {
  ClusterEventsOptions options;
  options.kept_deltas_max = 3;
  Start({}, options);
  EventClient client = Open();
  const std::string old = client.Next("delta").id;
  for (int i = 0; i < 6; ++i) (void)client.Next("delta");
  const std::string tag = old.substr(0, old.find('-'));
  for (const std::string& id : {old, std::string("1-1"), tag + "-999999", tag + "-", tag + "-x",
                                tag + "--1", std::string("nonsense")}) {
    EXPECT_EQ(Open("/events", id).Next().name, "snapshot") << id;
  }
}

TEST_F(ClusterEventsTest, WhoCannotKeepUpIsToldAndBeginsAnew) {
  HttpOptions http;
  http.event_queue_bytes_max = 8 * 1024;
  http.event_send_buffer_bytes = 4 * 1024;
  Start(http);
  EventClient slow = Open("/events", "", 4 * 1024);
  EXPECT_EQ(slow.Next().name, "snapshot");
  EventClient quick = Open();
  for (int i = 0; i < 150; ++i) EXPECT_FALSE(quick.Next().name.empty());
  ASSERT_TRUE(bench_.Append({"orders", 0}, {"a"}).ok());
  Event event;
  std::uint64_t last = 0;
  std::size_t deltas = 0;
  while ((event = slow.Next()).name == "delta") {
    last = Number(event);
    ++deltas;
  }
  EXPECT_LT(deltas, 150u);
  ASSERT_EQ(event.name, "resync");
  const Event snapshot = slow.Next();
  ASSERT_EQ(snapshot.name, "snapshot");
  EXPECT_GT(Number(snapshot), last + 1);
  EXPECT_EQ(Number(slow.Next()), Number(snapshot) + 1);
}

TEST_F(ClusterEventsTest, StreamsDoNotHoldUpTheStop) {
  Start();
  EventClient client = Open();
  EventClient tail = Open("/events/records?topic=orders");
  EXPECT_EQ(tail.Next().name, "records");
  EXPECT_EQ(client.Next().name, "snapshot");
  const auto begun = std::chrono::steady_clock::now();
  Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  while (!client.Next().name.empty()) continue;
}

TEST_F(ClusterEventsTest, HistoryGrowsWithTheSamples) {
  Start();
  const auto ask = [this](const std::string& target) {
    EventClient client(port_, target);
    const std::string head = client.Head();
    const std::size_t length = head.find("Content-Length: ");
    const std::size_t size = std::stoul(head.substr(length + 16));
    return std::pair(head.substr(9, 3), client.Exactly(size));
  };
  EventClient client = Open();
  for (int i = 0; i < 10; ++i) (void)client.Next("delta");
  const auto [status, body] = ask("/api/v1/history");
  EXPECT_EQ(status, "200");
  const auto history = nlohmann::json::parse(body);
  EXPECT_EQ(history["stepMs"], 1000);
  EXPECT_GE(history["rows"].size(), 10u);
  EXPECT_EQ(history["rows"][0].size(), history["columns"].size());
  EXPECT_EQ(nlohmann::json::parse(ask("/api/v1/history?step=1m").second)["stepMs"], 60'000);
  EXPECT_EQ(ask("/api/v1/history?step=2s").first, "400");
  EXPECT_EQ(ask("/api/v1/history?topic=orders").first, "400");
  EXPECT_EQ(ask("/api/v1/history?topic=orders&partition=0").first, "404");
  EXPECT_EQ(ask("/events?x=1").first, "400");
}

// --- the live tail ---

std::vector<std::string> Values(const Event& event) {
  std::vector<std::string> values;
  for (const auto& record : event.data["records"]) values.push_back(record["value"]);
  return values;
}

TEST_F(ClusterEventsTest, ATailShowsWhatComesAfterItBegan) {
  Start();
  ASSERT_TRUE(bench_.Append({"orders", 0}, {"before"}).ok());
  EventClient tail = Open("/events/records?topic=orders");
  EXPECT_EQ(Values(tail.Next("records")), std::vector<std::string>{});
  ASSERT_TRUE(bench_.Append({"orders", 0}, {"a"}).ok());
  ASSERT_TRUE(bench_.Append({"orders", 2}, {"b"}).ok());
  std::vector<std::string> seen;
  while (seen.size() < 2) {
    const Event event = tail.Next("records");
    ASSERT_EQ(event.name, "records");
    for (const std::string& value : Values(event)) seen.push_back(value);
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
}

TEST_F(ClusterEventsTest, ATailOfOnePartitionWithAFilterShowsOnlyThat) {
  Start();
  EventClient tail = Open("/events/records?topic=orders&partition=1&contains=yes");
  (void)tail.Next("records");
  ASSERT_TRUE(bench_.Append({"orders", 0}, {"yes, but elsewhere"}).ok());
  ASSERT_TRUE(bench_.Append({"orders", 1}, {"no", "yes 1", "no", "yes 2"}).ok());
  const Event event = tail.Next("records");
  EXPECT_EQ(Values(event), (std::vector<std::string>{"yes 1", "yes 2"}));
  EXPECT_EQ(event.data["dropped"], 0);
}

TEST_F(ClusterEventsTest, ATailIsCappedAndCountsWhatItDropped) {
  Start();
  EventClient tail = Open("/events/records?topic=orders&rate=10");
  (void)tail.Next("records");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(bench_.Append({"orders", 0}, std::vector<std::string>(50, "x")).ok());
  }
  std::size_t shown = 0;
  std::size_t dropped = 0;
  while (shown + dropped < 1000) {
    const Event event = tail.Next("records");
    ASSERT_EQ(event.name, "records") << shown << " " << dropped;
    shown += event.data["records"].size();
    dropped += event.data["dropped"].get<std::size_t>();
  }
  EXPECT_EQ(shown + dropped, 1000u);
  EXPECT_GE(shown, 5u);
  EXPECT_LE(shown, 60u);
}

TEST_F(ClusterEventsTest, ATailEndsWithItsTopic) {
  Start();
  EventClient tail = Open("/events/records?topic=orders");
  (void)tail.Next("records");
  ASSERT_TRUE(bench_.Delete("orders").ok());
  const Event end = tail.Next("end");
  EXPECT_EQ(end.data["error"]["reason"], "UNKNOWN_TOPIC");
  EXPECT_TRUE(tail.Next().name.empty());
}

TEST_F(ClusterEventsTest, BadQuestionsOpenNoTail) {
  Start();
  const auto status = [this](const std::string& target) {
    return EventClient(port_, target).Head().substr(9, 3);
  };
  EXPECT_EQ(status("/events/records"), "400");
  EXPECT_EQ(status("/events/records?topic=nothing"), "404");
  EXPECT_EQ(status("/events/records?topic=orders&partition=3"), "404");
  EXPECT_EQ(status("/events/records?topic=orders&partition=-1"), "400");
  EXPECT_EQ(status("/events/records?topic=orders&rate=0"), "400");
  EXPECT_EQ(status("/events/records?topic=orders&rate=1001"), "400");
  EXPECT_EQ(status("/events/records?topic=orders&from=oldest"), "400");
}

TEST_F(ClusterEventsTest, TailsThatAreGoneMakeRoomForOthers) {
  Start();
  const auto opens = [this] {
    return EventClient(port_, "/events/records?topic=orders").Head().starts_with("HTTP/1.1 200 ");
  };
  std::vector<EventClient> tails;
  for (std::size_t i = 0; i < RecordTails::kTailsMax; ++i) {
    tails.push_back(Open("/events/records?topic=orders"));
    (void)tails.back().Next("records");
  }
  EXPECT_FALSE(opens());
  tails.clear();
  bool opened = false;
  for (int i = 0; i < 100 && !(opened = opens()); ++i) {
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_TRUE(opened);
}

}  // namespace
}  // namespace qalam
