#include "broker/rpc/stream_registry.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

namespace qalam {
namespace {

class FakeStream final : public DrainableStream {
 public:
  void Drain() override { ++drained; }
  std::optional<StreamInfo> Describe() const override { return info; }
  int drained = 0;
  std::optional<StreamInfo> info;
};

TEST(StreamRegistryTest, DrainsThoseThereAreAndThoseThatCome) {
  StreamRegistry registry(10);
  const auto early = std::make_shared<FakeStream>();
  const auto late = std::make_shared<FakeStream>();
  EXPECT_TRUE(registry.Add(early));
  EXPECT_FALSE(registry.DrainAll(std::chrono::milliseconds(0))) << "it is still there";
  EXPECT_EQ(early->drained, 1);
  EXPECT_TRUE(registry.Add(late));
  EXPECT_EQ(late->drained, 1);
  registry.Remove(early.get());
  registry.Remove(late.get());
  EXPECT_TRUE(registry.DrainAll(std::chrono::milliseconds(0)));
}

TEST(StreamRegistryTest, HoldsSoManyAtMost) {
  StreamRegistry registry(1);
  const auto one = std::make_shared<FakeStream>();
  const auto two = std::make_shared<FakeStream>();
  EXPECT_TRUE(registry.Add(one));
  EXPECT_FALSE(registry.Add(two));
  registry.Remove(two.get());
  EXPECT_EQ(registry.size(), 1u);
  registry.Remove(one.get());
  EXPECT_TRUE(registry.Add(two));
}

TEST(StreamRegistryTest, ListsWhatIsOpenTheOldestFirst) {
  StreamRegistry registry(10);
  std::vector<std::shared_ptr<FakeStream>> streams;
  for (const TimestampMs opened : {30, 10, 20}) {
    streams.push_back(std::make_shared<FakeStream>());
    streams.back()->info = StreamInfo{"tail", {"orders", 0}, {"client", "grpc", "peer"}, opened};
    registry.Add(streams.back());
  }
  streams.push_back(std::make_shared<FakeStream>());  // Not opened yet.
  registry.Add(streams.back());
  const Result<StreamList> list = registry.ListStreams(2);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->count, 3u);
  ASSERT_EQ(list->streams.size(), 2u);
  EXPECT_EQ(list->streams[0].opened_ms, 10);
  EXPECT_EQ(list->streams[1].opened_ms, 20);
  registry.Remove(streams[1].get());
  EXPECT_EQ(registry.ListStreams(10)->count, 2u);
  for (const auto& stream : streams) registry.Remove(stream.get());
}

}  // namespace
}  // namespace qalam
