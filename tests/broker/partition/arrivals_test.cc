#include "broker/partition/arrivals.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace qalam {
namespace {

class FakeSource final : public Arrivals::Source {
 public:
  Found Look() override {
    ++looks;
    return next;
  }
  void Settle() override { ++settled; }

  Found next = Found::kNothing;
  int looks = 0;
  int settled = 0;
};

using Found = Arrivals::Source::Found;

TEST(ArrivalsTest, NobodyIsAddedWhileNoSyncIsUnderWay) {
  Arrivals arrivals;
  EXPECT_FALSE(arrivals.Add(std::make_shared<FakeSource>()));
  arrivals.Open();
  EXPECT_TRUE(arrivals.Add(std::make_shared<FakeSource>()));
  arrivals.Close();
  EXPECT_FALSE(arrivals.Add(std::make_shared<FakeSource>()));
}

TEST(ArrivalsTest, WhoeverIsAddedIsLookedAtUntilHeSettles) {
  Arrivals arrivals;
  const auto source = std::make_shared<FakeSource>();
  arrivals.Open();
  arrivals.Add(source);
  arrivals.Look();
  arrivals.Open();  // The next group.
  arrivals.Look();
  EXPECT_EQ(source->looks, 2);
  EXPECT_EQ(source->settled, 0);
  arrivals.Close();
  EXPECT_EQ(source->settled, 1);
  arrivals.Open();
  arrivals.Look();
  EXPECT_EQ(source->looks, 2);
}

TEST(ArrivalsTest, WhoEndedIsForgotten) {
  Arrivals arrivals;
  const auto source = std::make_shared<FakeSource>();
  arrivals.Open();
  arrivals.Add(source);
  source->next = Found::kEnded;
  EXPECT_EQ(arrivals.Look(), 0u);
  arrivals.Close();
  EXPECT_EQ(source->looks, 1);
  EXPECT_EQ(source->settled, 0);
}

TEST(ArrivalsTest, MissingIsWhoHadSomethingForTheLastGroup) {
  Arrivals arrivals;
  std::vector<std::shared_ptr<FakeSource>> sources;
  arrivals.Open();
  for (int i = 0; i < 3; ++i) {
    sources.push_back(std::make_shared<FakeSource>());
    arrivals.Add(sources.back());
  }
  EXPECT_EQ(arrivals.Look(), 0u) << "what they came with is in this group";
  arrivals.Open();
  EXPECT_EQ(arrivals.Look(), 3u);
  sources[0]->next = Found::kSomething;
  EXPECT_EQ(arrivals.Look(), 2u);
  sources[0]->next = Found::kNothing;
  EXPECT_EQ(arrivals.Look(), 2u) << "one that was there already is not missing again";
  arrivals.Open();
  EXPECT_EQ(arrivals.Look(), 1u) << "those without anything for the last group are not awaited";
}

TEST(ArrivalsTest, WhoHasNothingForLongSettles) {
  Arrivals arrivals;
  const auto idle = std::make_shared<FakeSource>();
  const auto busy = std::make_shared<FakeSource>();
  busy->next = Found::kSomething;
  arrivals.Open();
  arrivals.Add(idle);
  arrivals.Add(busy);
  int groups = 0;
  for (; groups < 100 && idle->settled == 0; ++groups) {
    arrivals.Look();
    arrivals.Open();
  }
  EXPECT_EQ(idle->settled, 1);
  EXPECT_LT(groups, 10);
  const int looks = idle->looks;
  arrivals.Look();
  EXPECT_EQ(idle->looks, looks);
  EXPECT_EQ(busy->settled, 0);
}

}  // namespace
}  // namespace qalam
