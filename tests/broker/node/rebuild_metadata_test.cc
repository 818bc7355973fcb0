#include "broker/node/rebuild_metadata.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <string>

#include "broker/metadata/controller.h"
#include "broker/metadata/rocksdb_store.h"
#include "common/posix_file_system.h"

namespace qalam {
namespace {

namespace fs = std::filesystem;

ControllerOptions OptionsFor(const DataDirectory& directory) {
  ControllerOptions options;
  options.cluster_id = directory.meta().cluster_id;
  return options;
}

class RebuildMetadataTest : public testing::Test {
 protected:
  RebuildMetadataTest() {
    std::string pattern = "/var/tmp/qalam-rebuild-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~RebuildMetadataTest() override { fs::remove_all(path_); }

  Result<DataDirectory> OpenDirectory() {
    return DataDirectory::Open(PosixFileSystem::Get(), {path_, std::nullopt, false, false, true});
  }
  void AddPartition(const std::string& name, const Uuid& id, const std::string& epochs) {
    const std::string directory = path_ + "/log/" + name;
    fs::create_directories(directory);
    std::ofstream(directory + "/partition.metadata")
        << "version: 0\ntopic_id: " << id.ToString() << "\n";
    if (!epochs.empty()) std::ofstream(directory + "/leader-epoch-checkpoint") << epochs;
  }
  // Metadata with topic "orders" of 2 partitions and a setting, and its logs. Its id.
  Uuid MakeOrders() {
    const auto directory = OpenDirectory();
    EXPECT_TRUE(directory.ok());
    auto store = OpenMetadata(PosixFileSystem::Get(), path_);
    EXPECT_TRUE(store.ok());
    auto controller = Controller::Create(**store, SystemClock::Get(), OptionsFor(*directory));
    EXPECT_TRUE(controller.ok());
    (*controller)->Start();
    std::promise<Uuid> id;
    (*controller)
        ->CreateTopic({"orders", 2, 1, {{"retention.ms", "3d"}}, false},
                      Controller::TopicReply([&](auto made) { id.set_value((*made)->id); }));
    const Uuid orders = id.get_future().get();
    (*controller)->Stop();
    AddPartition("orders-0", orders, "0\n2\n0 0\n41 100\n");
    AddPartition("orders-1", orders, "");
    return orders;
  }
  Result<RebuildReport> Rebuild() {
    const auto directory = OpenDirectory();
    if (!directory.ok()) return directory.error();
    return RebuildMetadata(PosixFileSystem::Get(), SystemClock::Get(), *directory);
  }
  // What a broker then sees.
  std::shared_ptr<const ClusterImage> Load(ProducerId* producer_id = nullptr) {
    const auto directory = OpenDirectory();
    EXPECT_TRUE(directory.ok()) << directory.error().message();
    auto store = OpenMetadata(PosixFileSystem::Get(), path_);
    EXPECT_TRUE(store.ok()) << store.error().message();
    auto controller = Controller::Create(**store, SystemClock::Get(), OptionsFor(*directory));
    EXPECT_TRUE(controller.ok()) << controller.error().message();
    (*controller)->Start();
    if (producer_id != nullptr) {
      std::promise<ProducerId> id;
      (*controller)->NextProducerId(Reply<ProducerId>([&](auto next) { id.set_value(*next); }));
      *producer_id = id.get_future().get();
    }
    auto image = (*controller)->image();
    (*controller)->Stop();
    return image;
  }

  std::string path_;
};

TEST_F(RebuildMetadataTest, LogsAloneAreEnoughForNamesIdsCountsAndEpochs) {
  const Uuid orders = MakeOrders();
  fs::remove_all(path_ + "/metadata");
  ASSERT_EQ(OpenMetadata(PosixFileSystem::Get(), path_).error().code(),
            ErrorCode::kMetadataMissing);
  const auto report = Rebuild();
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->topics, 1);
  EXPECT_EQ(report->partitions, 2);
  ProducerId producer_id = 0;
  const auto image = Load(&producer_id);
  const auto& topic = *image->topics.at("orders");
  EXPECT_EQ(topic.id, orders);
  ASSERT_EQ(topic.partitions.size(), 2u);
  EXPECT_GT(topic.partitions[0].leader_epoch, 41);
  EXPECT_GT(topic.partitions[1].leader_epoch, 0);
  // Its settings are lost, so nothing may be deleted by guess.
  EXPECT_EQ(topic.config.retention_ms, -1);
  EXPECT_EQ(topic.config.retention_bytes, -1);
  // Ids of producers in the logs were counted from 0.
  EXPECT_GT(producer_id, ProducerId{1} << 50);
}

TEST_F(RebuildMetadataTest, SettingsOfReadableOldMetadataAreTakenOver) {
  const Uuid orders = MakeOrders();
  AddPartition("late-0", Uuid::Random(), "0\n0\n");
  const auto report = Rebuild();
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_TRUE(fs::exists(report->moved_to)) << report->moved_to;
  const auto image = Load();
  EXPECT_EQ(image->topics.at("orders")->id, orders);
  EXPECT_EQ(image->topics.at("orders")->config.retention_ms, 3LL * 86'400'000);
  EXPECT_EQ(image->topics.at("late")->config.retention_ms, -1);
}

TEST_F(RebuildMetadataTest, DamagedMetadataIsMovedAsideAndNothingIsDeleted) {
  MakeOrders();
  fs::remove(path_ + "/metadata/CURRENT");
  const auto files = std::distance(fs::directory_iterator(path_ + "/metadata"), {});
  const auto report = Rebuild();
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(std::distance(fs::directory_iterator(report->moved_to), {}), files);
  EXPECT_EQ(Load()->topics.size(), 1u);
}

TEST_F(RebuildMetadataTest, AMissingMetaPropertiesIsMadeAnew) {
  MakeOrders();
  fs::remove(path_ + "/meta.properties");
  ASSERT_TRUE(Rebuild().ok());
  EXPECT_EQ(Load()->topics.size(), 1u);
}

TEST_F(RebuildMetadataTest, PartitionsOfTwoTopicsWithOneNameNeedAPerson) {
  MakeOrders();
  AddPartition("orders-2", Uuid::Random(), "");
  const auto before = std::distance(fs::directory_iterator(path_ + "/metadata"), {});
  const auto report = Rebuild();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(std::distance(fs::directory_iterator(path_ + "/metadata"), {}), before);
}

TEST_F(RebuildMetadataTest, OtherDirectoriesAreLeftAloneAndReported) {
  MakeOrders();
  fs::create_directories(path_ + "/log/orders-0.0123456789abcdef0123456789abcdef-stray");
  fs::create_directories(path_ + "/log/broken-0");
  const auto report = Rebuild();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->topics, 1);
  EXPECT_EQ(report->notes.size(), 2u);
  EXPECT_TRUE(fs::exists(path_ + "/log/broken-0"));
}

TEST_F(RebuildMetadataTest, KilledBetweenTheRenamesItLosesNothingWhenRunAgain) {
  MakeOrders();
  ASSERT_TRUE(Rebuild().ok());
  fs::rename(path_ + "/metadata", path_ + "/metadata.new");
  fs::rename(path_ + "/metadata.guard", path_ + "/metadata.guard.new");
  ASSERT_TRUE(Rebuild().ok());
  EXPECT_EQ(Load()->topics.at("orders")->config.retention_ms, 3LL * 86'400'000);
}

TEST_F(RebuildMetadataTest, CanBeRunAgain) {
  MakeOrders();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Rebuild().ok()) << i;
  const auto image = Load();
  EXPECT_EQ(image->topics.at("orders")->config.retention_ms, 3LL * 86'400'000);
}

}  // namespace
}  // namespace qalam
