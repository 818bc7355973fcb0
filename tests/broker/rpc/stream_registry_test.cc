#include "broker/rpc/stream_registry.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

class FakeStream final : public DrainableStream {
 public:
  void Drain() override { ++drained; }
  int drained = 0;
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

}  // namespace
}  // namespace qalam
