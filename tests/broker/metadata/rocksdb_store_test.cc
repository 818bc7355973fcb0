#include "broker/metadata/rocksdb_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <thread>

#include "common/posix_file_system.h"

namespace qalam {
namespace {

namespace fs = std::filesystem;

PosixFileSystem& Files() { return PosixFileSystem::Get(); }

class RocksdbStoreTest : public testing::Test {
 protected:
  RocksdbStoreTest() {
    std::string pattern = "/var/tmp/qalam-metadata-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~RocksdbStoreTest() override { fs::remove_all(directory_); }

  Result<std::unique_ptr<MetadataStore>> Open() { return OpenMetadata(Files(), directory_); }
  // A store with `count` keys k0.., written one by one, and logs beside it.
  void Fill(int count) {
    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.error().message();
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(
          (*store)->CompareAndSet({{"k" + std::to_string(i), "v" + std::to_string(i), 0}}).ok());
    }
    fs::create_directories(directory_ + "/log/orders-0");
  }
  std::string metadata() const { return directory_ + "/metadata"; }
  // Every file below the directory with its bytes.
  std::map<std::string, std::string> Contents() const {
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::stringstream bytes;
      bytes << file.rdbuf();
      contents[entry.path().string()] = bytes.str();
    }
    return contents;
  }
  std::vector<std::string> FilesNamed(const std::string& part) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(metadata())) {
      if (entry.path().filename().string().find(part) != std::string::npos) {
        found.push_back(entry.path().string());
      }
    }
    return found;
  }
  // Damages a filled store with `harm`; it must then be refused with `code`, and stay as it is.
  void ExpectRefused(ErrorCode code, const std::function<void()>& harm) {
    Fill(20);
    harm();
    const auto before = Contents();
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto store = Open();
      ASSERT_FALSE(store.ok());
      EXPECT_EQ(store.error().code(), code) << store.error().message();
    }
    const auto after = Contents();
    for (const auto& [path, bytes] : before) {
      ASSERT_TRUE(after.contains(path)) << path << " was deleted";
      EXPECT_EQ(after.at(path), bytes) << path << " was changed";
    }
    EXPECT_TRUE(fs::exists(directory_ + "/log/orders-0"));
  }

  std::string directory_;
};

void Flip(const std::string& path, std::size_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ 0x20);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

TEST_F(RocksdbStoreTest, ReadsBackWhatWasWrittenAfterAReopen) {
  {
    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.error().message();
    const auto revision =
        (*store)->CompareAndSet({{"topic/a", "1", 0}, {"topic/b", std::string("\0x", 2), 0}});
    ASSERT_TRUE(revision.ok());
    EXPECT_EQ(*revision, 1u);
    EXPECT_EQ(*(*store)->CompareAndSet({{"topic/a", "2", 1}, {"other", "", std::nullopt}}), 2u);
    EXPECT_EQ(*(*store)->CompareAndSet({{"topic/c", "3", std::nullopt}}), 3u);
    EXPECT_EQ(*(*store)->CompareAndSet({{"topic/c", std::nullopt, 3}}), 4u);
  }
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.error().message();
  const auto listed = (*store)->List("topic/");
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ((*listed)[0].key, "topic/a");
  EXPECT_EQ((*listed)[0].value, "2");
  EXPECT_EQ((*listed)[0].revision, 2u);
  EXPECT_EQ((*listed)[1].value, std::string("\0x", 2));
  EXPECT_EQ((*listed)[1].revision, 1u);
  EXPECT_FALSE((*store)->Get("topic/c")->has_value());
  EXPECT_EQ((*store)->Get("other")->value().value, "");
  EXPECT_EQ(*(*store)->CompareAndSet({{"x", "y", 0}}), 5u);
}

TEST_F(RocksdbStoreTest, AFailedExpectationChangesNothing) {
  auto store = Open();
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->CompareAndSet({{"a", "1", 0}}).ok());
  const auto late = (*store)->CompareAndSet({{"b", "1", 0}, {"a", "2", 0}});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), ErrorCode::kConflict);
  EXPECT_FALSE((*store)->Get("b")->has_value());
  EXPECT_EQ((*store)->CompareAndSet({{"a", "2", 7}}).error().code(), ErrorCode::kConflict);
  EXPECT_EQ((*store)->CompareAndSet({{"c", std::nullopt, 1}}).error().code(), ErrorCode::kConflict);
  EXPECT_TRUE((*store)->CompareAndSet({{"a", "2", 1}}).ok());
}

TEST_F(RocksdbStoreTest, WatchersHearOfChangesBelowTheirPrefix) {
  auto store = Open();
  ASSERT_TRUE(store.ok());
  std::vector<std::string> heard;
  (*store)->Watch("topic/", [&](const MetadataStore::Entry& entry, bool deleted) {
    heard.push_back(entry.key + (deleted ? " gone" : "=" + entry.value));
  });
  ASSERT_TRUE((*store)->CompareAndSet({{"topic/a", "1", 0}, {"config/x", "1", 0}}).ok());
  ASSERT_TRUE((*store)->CompareAndSet({{"topic/a", std::nullopt, 1}}).ok());
  EXPECT_FALSE((*store)->CompareAndSet({{"topic/a", "2", 9}}).ok());
  EXPECT_EQ(heard, (std::vector<std::string>{"topic/a=1", "topic/a gone"}));
}

TEST_F(RocksdbStoreTest, AnEmptiedStoreBesideLogsIsMissingAndNotFresh) {
  ExpectRefused(ErrorCode::kMetadataMissing, [&] {
    fs::remove_all(metadata());
    fs::create_directory(metadata());
  });
}

TEST_F(RocksdbStoreTest, ARemovedStoreBesideLogsIsMissing) {
  ExpectRefused(ErrorCode::kMetadataMissing, [&] { fs::remove_all(metadata()); });
}

TEST_F(RocksdbStoreTest, LogsAloneAreEnoughToRefuseAFreshStore) {
  ExpectRefused(ErrorCode::kMetadataMissing, [&] {
    fs::remove_all(metadata());
    fs::remove(directory_ + "/metadata.guard");
  });
}

TEST_F(RocksdbStoreTest, TheGuardAloneIsEnoughToRefuseAFreshStore) {
  Fill(3);
  fs::remove_all(metadata());
  fs::remove_all(directory_ + "/log");
  EXPECT_EQ(Open().error().code(), ErrorCode::kMetadataMissing);
}

TEST_F(RocksdbStoreTest, WithoutCurrentItIsDamaged) {
  ExpectRefused(ErrorCode::kMetadataDamaged, [&] { fs::remove(metadata() + "/CURRENT"); });
}

TEST_F(RocksdbStoreTest, AGarbageCurrentIsDamaged) {
  ExpectRefused(ErrorCode::kMetadataDamaged,
                [&] { std::ofstream(metadata() + "/CURRENT") << "MANIFEST-999999\n"; });
}

TEST_F(RocksdbStoreTest, AFlippedManifestIsDamaged) {
  ExpectRefused(ErrorCode::kMetadataDamaged, [&] {
    for (const std::string& path : FilesNamed("MANIFEST")) Flip(path, fs::file_size(path) / 2);
  });
}

TEST_F(RocksdbStoreTest, ARemovedManifestIsDamaged) {
  ExpectRefused(ErrorCode::kMetadataDamaged, [&] {
    for (const std::string& path : FilesNamed("MANIFEST")) fs::remove(path);
  });
}

TEST_F(RocksdbStoreTest, AFlippedWriteAheadLogHasForgottenSomething) {
  ExpectRefused(ErrorCode::kMetadataDamaged, [&] {
    const auto logs = FilesNamed(".log");
    ASSERT_FALSE(logs.empty());
    for (const std::string& path : logs) {
      if (fs::file_size(path) > 100) Flip(path, 40);
    }
  });
}

TEST_F(RocksdbStoreTest, ACutWriteAheadLogHasForgottenSomething) {
  ExpectRefused(ErrorCode::kMetadataDamaged, [&] {
    for (const std::string& path : FilesNamed(".log")) {
      if (fs::file_size(path) > 10) fs::resize_file(path, fs::file_size(path) - 3);
    }
  });
}

TEST_F(RocksdbStoreTest, ARemovedWriteAheadLogHasForgottenEverything) {
  ExpectRefused(ErrorCode::kMetadataDamaged, [&] {
    for (const std::string& path : FilesNamed(".log")) fs::remove(path);
  });
}

TEST_F(RocksdbStoreTest, AnOldCopyIsNotTakenForTheStore) {
  Fill(5);
  const std::string old = directory_ + "/old";
  fs::copy(metadata(), old, fs::copy_options::recursive);
  {
    auto store = Open();
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->CompareAndSet({{"new", "1", 0}}).ok());
  }
  fs::remove_all(metadata());
  fs::rename(old, metadata());
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), ErrorCode::kMetadataDamaged);
  EXPECT_EQ(store.error().detail("revision"), "5");
  EXPECT_EQ(store.error().detail("acknowledged_revision"), "6");
}

TEST_F(RocksdbStoreTest, ADamagedGuardIsRefusedAndALostOneIsMadeAgain) {
  Fill(5);
  const std::string guard = directory_ + "/metadata.guard";
  Flip(guard, 15);  // One slot: the other is one revision older, which is fine.
  EXPECT_TRUE(Open().ok());
  Flip(guard, 15);
  Flip(guard, 512 + 15);
  Flip(guard, 16);
  EXPECT_EQ(Open().error().code(), ErrorCode::kMetadataDamaged);
  fs::remove(guard);
  EXPECT_TRUE(Open().ok());
  EXPECT_TRUE(fs::exists(guard));
}

TEST_F(RocksdbStoreTest, AFirstStartThatWasKilledAnywhereStartsAfresh) {
  std::ofstream guard(directory_ + "/metadata.guard");
  fs::create_directory(metadata());
  std::ofstream(metadata() + "/LOCK");
  std::ofstream(metadata() + "/IDENTITY") << "half";
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.error().message();
  EXPECT_TRUE((*store)->CompareAndSet({{"a", "1", 0}}).ok());
}

TEST_F(RocksdbStoreTest, AFlippedTableIsNoticedWhenItIsRead) {
  Fill(1);
  {
    auto store = Open();
    ASSERT_TRUE(store.ok());
    // More than a write buffer, so that RocksDB makes a table.
    for (int i = 0; i < 3000; ++i) {
      ASSERT_TRUE((*store)
                      ->CompareAndSet(
                          {{"big" + std::to_string(i % 700), std::string(1000, 'y'), std::nullopt}})
                      .ok());
    }
  }
  const auto tables = FilesNamed(".sst");
  ASSERT_FALSE(tables.empty());
  for (const std::string& path : tables) {
    for (std::size_t at = 0; at + 2000 < fs::file_size(path); at += 2000) Flip(path, at);
  }
  const auto store = Open();
  if (store.ok()) {
    const auto listed = (*store)->List("");
    ASSERT_FALSE(listed.ok());
    EXPECT_EQ(listed.error().code(), ErrorCode::kMetadataDamaged) << listed.error().message();
  } else {
    EXPECT_EQ(store.error().code(), ErrorCode::kMetadataDamaged) << store.error().message();
  }
}

// Goal: whatever instant the process dies at, what was acknowledged is there, batches are whole,
// and the next start needs no help. Method: a process that prints each acknowledged count, killed
// after a random time, on the same store again and again.
TEST_F(RocksdbStoreTest, WhatWasAcknowledgedSurvivesSigkill) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  long long acknowledged = 0;
  for (int round = 0; round < 25; ++round) {
    int out[2];
    ASSERT_EQ(pipe(out), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    std::string program = METADATA_WRITER;
    char* const arguments[] = {program.data(), directory_.data(), nullptr};
    pid_t pid = 0;
    ASSERT_EQ(posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    std::thread killer([&, pause = std::uniform_int_distribution<>(0, 150)(random)] {
      std::this_thread::sleep_for(std::chrono::milliseconds(pause));
      kill(pid, SIGKILL);
    });
    std::string printed;
    char buffer[4096];
    for (ssize_t got; (got = read(out[0], buffer, sizeof(buffer))) > 0;) {
      printed.append(buffer, static_cast<std::size_t>(got));
    }
    close(out[0]);
    killer.join();
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself in round " << round;
    const std::size_t end = printed.rfind('\n');
    if (end != std::string::npos && end > 0) {
      const std::size_t begin = printed.rfind('\n', end - 1);
      acknowledged = std::stoll(printed.substr(begin == std::string::npos ? 0 : begin + 1));
    }

    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.error().message() << " in round " << round;
    const auto count = (*store)->Get("count");
    const auto twin = (*store)->Get("twin");
    ASSERT_TRUE(count.ok() && twin.ok());
    ASSERT_EQ(count->has_value(), twin->has_value());
    if (acknowledged == 0) continue;
    ASSERT_TRUE(count->has_value());
    EXPECT_GE(std::stoll((**count).value), acknowledged);
    EXPECT_EQ((**count).value, (**twin).value);
    acknowledged = std::stoll((**count).value);
  }
  EXPECT_GT(acknowledged, 0);
}

// Goal: a full disk is a typed, retriable refusal, and writing works again once there is room.
TEST_F(RocksdbStoreTest, AFullDiskRefusesAndHealsWithoutAReopen) {
  if (mount("qalam-test", directory_.c_str(), "tmpfs", 0, "size=12m") != 0) {
    GTEST_SKIP() << "needs the right to mount";
  }
  struct Unmount {
    std::string path;
    ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
  } unmount{directory_};
  {
    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.error().message();
    ASSERT_TRUE((*store)->CompareAndSet({{"first", "1", 0}}).ok());
    {
      std::ofstream filler(directory_ + "/filler", std::ios::binary);
      const std::string block(4096, 'f');
      while (filler.write(block.data(), 4096).flush()) {
      }
    }
    bool refused = false;
    int written = 0;
    for (int i = 0; i < 2000 && !refused; ++i) {
      const auto done =
          (*store)->CompareAndSet({{"n" + std::to_string(i), std::string(10'000, 'z'), 0}});
      if (!done.ok()) {
        refused = true;
        EXPECT_EQ(done.error().code(), ErrorCode::kNoSpace) << done.error().message();
      } else {
        ++written;
      }
    }
    ASSERT_TRUE(refused);
    EXPECT_EQ((*store)->Get("first")->value().value, "1");  // Reading goes on.
    fs::remove(directory_ + "/filler");
    const auto healed = (*store)->CompareAndSet({{"healed", "1", 0}});
    ASSERT_TRUE(healed.ok()) << healed.error().message();
    for (int i = 0; i < written; ++i) {
      EXPECT_TRUE((*store)->Get("n" + std::to_string(i))->has_value()) << i;
    }
  }
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.error().message();
  EXPECT_TRUE((*store)->Get("healed")->has_value());
}

}  // namespace
}  // namespace qalam
