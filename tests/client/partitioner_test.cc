#include "client/partitioner.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace qalam::abi0 {
namespace {

// The values of Kafka's own test of its hash (signed there).
TEST(PartitionerTest, HashesAsKafkaDoes) {
  const std::vector<std::pair<std::string_view, std::int32_t>> vectors = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  for (const auto& [key, hash] : vectors) {
    EXPECT_EQ(static_cast<std::int32_t>(Murmur2(key)), hash) << key;
  }
}

TEST(PartitionerTest, TakesTheHashWithoutItsSignModuloTheCount) {
  EXPECT_EQ(PartitionOfKey("21", 10), (-973932308 & 0x7fffffff) % 10);
  EXPECT_EQ(PartitionOfKey("abc", 7), 479470107 % 7);
  EXPECT_EQ(PartitionOfKey("", 1), 0);
}

}  // namespace
}  // namespace qalam::abi0
