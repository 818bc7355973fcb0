#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

#include "client/cli/ceiling_child.h"
#include "client/cli/ceiling_directory.h"
#include "client/cli/ceiling_report.h"
#include "client/cli/ceiling_way.h"
#include "tests/support/temp_directory.h"

namespace qalam::cli {
namespace {

TEST(CeilingWayTest, EveryWayIsReadAsItIsWritten) {
  for (const CeilingWay way : kCeilingWays) EXPECT_EQ(ParseCeilingWay(CeilingWayName(way)), way);
  EXPECT_EQ(ParseCeilingWay("Direct"), std::nullopt);
  EXPECT_EQ(ParseCeilingWay(""), std::nullopt);
  for (const CeilingAck ack : {CeilingAck::kFsync, CeilingAck::kWrite})
    EXPECT_EQ(ParseCeilingAck(CeilingAckName(ack)), ack);
  EXPECT_EQ(ParseCeilingAck("sync"), std::nullopt);
}

TEST(CeilingWayTest, DurabilityNeverClaimsMoreThanWasDone) {
  EXPECT_EQ(CeilingDurability(CeilingWay::kDirect, CeilingAck::kFsync), "fsync");
  EXPECT_EQ(CeilingDurability(CeilingWay::kDirect, CeilingAck::kWrite), "os");
  EXPECT_EQ(CeilingDurability(CeilingWay::kBuffered, CeilingAck::kWrite), "os");
  EXPECT_EQ(CeilingDurability(CeilingWay::kNone, CeilingAck::kFsync), "memory");
}

TEST(CeilingChildTest, ItsLinesAreAnAddressOrAnError) {
  EXPECT_EQ(*ParseCeilingLine("ready 127.0.0.1:4711"), "127.0.0.1:4711");
  const auto failed = ParseCeilingLine("failed NO_SPACE cannot write x: No space left on device");
  EXPECT_EQ(failed.error().code(), "NO_SPACE");
  EXPECT_EQ(failed.error().message(), "cannot write x: No space left on device");
  for (const char* const odd : {"", "ready", "ready ", "failed", "failed X", "hello there you"})
    EXPECT_EQ(ParseCeilingLine(odd).error().code(), "UNKNOWN") << odd;
}

TEST(CeilingDirectoryTest, GoesWithAllThatIsInIt) {
  const TempDirectory parent;
  {
    const auto made = CeilingDirectory::Make(parent.path());
    ASSERT_TRUE(made.ok());
    std::ofstream(made->path() + "/segment-0") << "left over";
  }
  EXPECT_TRUE(std::filesystem::is_empty(parent.path()));
}

TEST(CeilingDirectoryTest, SaysThatItsParentIsNotThere) {
  const TempDirectory parent;
  EXPECT_EQ(CeilingDirectory::Make(parent.File("nowhere")).error().code(), "NOT_FOUND");
}

TEST(CeilingReportTest, TheLineHasTheFieldsOfTheContractInOrder) {
  CeilingReport report;
  report.way = CeilingWay::kWriteback;
  report.size = 100;
  report.records = 8'000'000;
  report.seconds = 4;
  report.ack_times.Add(std::chrono::milliseconds(2), 8'000'000);
  report.server_cpu = std::chrono::seconds(2);
  report.client_cpu = std::chrono::seconds(4);
  testing::internal::CaptureStdout();
  PrintCeilingReport(report, Format::kJson, false);
  const auto line = nlohmann::ordered_json::parse(testing::internal::GetCapturedStdout());
  std::string names;
  for (const auto& [name, value] : line.items()) names += name + " ";
  EXPECT_EQ(names,
            "way records seconds records_per_s mb_per_s ack_ms durability "
            "server_cpu_us_per_record client_cpu_us_per_record size batch in_flight connections "
            "best ");
  EXPECT_EQ(line["way"], "writeback");
  EXPECT_EQ(line["records_per_s"], 2'000'000);
  EXPECT_EQ(line["mb_per_s"], 200);
  EXPECT_EQ(line["server_cpu_us_per_record"], 0.25);
  EXPECT_EQ(line["client_cpu_us_per_record"], 0.5);
  EXPECT_EQ(line["durability"], "fsync");
  EXPECT_NEAR(line["ack_ms"]["p50"].get<double>(), 2, 0.1);
}

}  // namespace
}  // namespace qalam::cli
