// What Open refuses, and what it does not mind: each with its typed error, and nothing changed.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

#include "qalam/smart_client.h"
#include "tests/client/embedded/disk_directory.h"

namespace qalam::abi0 {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string Contents(const std::string& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

void Write(const std::string& file, const std::string& text) { std::ofstream(file) << text; }

class BadDirectoryTest : public testing::Test {
 protected:
  // The error that Open gives. Nothing in the directory may differ afterwards.
  Error Refusal(DirectoryOptions options = {}) {
    options.open_timeout = 100ms;
    const auto before = Everything();
    const auto opened = SmartClient::Open(path_, options);
    EXPECT_FALSE(opened.ok());
    EXPECT_EQ(Everything(), before);
    return opened.ok() ? Error("UNKNOWN", "opened") : opened.error();
  }
  std::map<std::string, std::string> Everything() const {
    std::map<std::string, std::string> all;
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(path_, ignored)) {
      if (entry.path().filename() == ".lock") continue;  // For people: who tried last.
      all[entry.path().string()] = entry.is_regular_file() ? Contents(entry.path().string()) : "";
    }
    return all;
  }
  void MakeOne() { ASSERT_TRUE(SmartClient::Open(path_).ok()); }

  const DiskDirectory disk_;
  std::string path_ = disk_ / "data";
};

TEST_F(BadDirectoryTest, AFile) {
  Write(path_, "mine");
  const Error error = Refusal();
  EXPECT_EQ(error.code(), "DIRECTORY_UNUSABLE");
  EXPECT_NE(error.message().find("not a directory"), std::string::npos);
  EXPECT_EQ(Contents(path_), "mine");
}

TEST_F(BadDirectoryTest, NotEmptyAndNotOurs) {
  fs::create_directory(path_);
  Write(path_ + "/letter.txt", "dear");
  const Error error = Refusal();
  EXPECT_EQ(error.code(), "DIRECTORY_UNUSABLE");
  EXPECT_NE(error.message().find("letter.txt"), std::string::npos);
}

TEST_F(BadDirectoryTest, OfANewerVersion) {
  MakeOne();
  Write(path_ + "/meta.properties", "version=99\n");
  EXPECT_EQ(Refusal().code(), "UNSUPPORTED_FORMAT");
}

TEST_F(BadDirectoryTest, ACopyUntilItIsAdopted) {
  MakeOne();
  const std::string original = path_;
  path_ = disk_ / "copy";
  fs::copy(original, path_, fs::copy_options::recursive);
  EXPECT_EQ(Refusal().code(), "COPIED_DIRECTORY");
  DirectoryOptions adopt;
  adopt.adopt_copy = true;
  const auto adopted = SmartClient::Open(path_, adopt);
  ASSERT_TRUE(adopted.ok()) << adopted.error().what();
  EXPECT_NE(adopted->owner().directory_id,
            SmartClient::Open(original).Value().owner().directory_id);
}

TEST_F(BadDirectoryTest, SettingsThatDoNotExist) {
  DirectoryOptions options;
  options.settings = {{"log.segment.byte", "1MiB"}};
  const Error error = Refusal(options);
  EXPECT_EQ(error.code(), "INVALID_CONFIG");
  EXPECT_NE(error.message().find("log.segment.bytes"), std::string::npos);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(BadDirectoryTest, AnEmptyName) {
  EXPECT_EQ(SmartClient::Open("").error().code(), "INVALID_ARGUMENT");
}

// Binds `path`, listens, and never accepts, as a stopped owner does.
int ListenAt(const std::string& path) {
  const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  EXPECT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listening, 8), 0);
  return listening;
}

TEST_F(BadDirectoryTest, AStaleSocketIsReplaced) {
  MakeOne();
  ::close(ListenAt(path_ + "/qalam.sock"));
  const auto opened = SmartClient::Open(path_);
  ASSERT_TRUE(opened.ok()) << opened.error().what();
  EXPECT_TRUE(SmartClient::OwnerOf(path_).ok());
}

TEST_F(BadDirectoryTest, ASquatterOnTheSocketsNameIsReplacedByWhoHasTheLock) {
  MakeOne();
  const int squatter = ListenAt(path_ + "/qalam.sock");
  EXPECT_EQ(SmartClient::OwnerOf(path_).error().details().at("reason"), "silent");
  const auto opened = SmartClient::Open(path_);
  ASSERT_TRUE(opened.ok()) << opened.error().what();
  EXPECT_EQ(SmartClient::OwnerOf(path_).Value().pid, ::getpid());
  ::close(squatter);
}

TEST_F(BadDirectoryTest, AFileOnTheSocketsNameIsReplacedADirectoryIsNot) {
  MakeOne();
  Write(path_ + "/qalam.sock", "not a socket");
  EXPECT_TRUE(SmartClient::Open(path_).ok());
  fs::create_directory(path_ + "/qalam.sock");
  const auto opened = SmartClient::Open(path_);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message().find("qalam.sock"), std::string::npos);
  fs::remove(path_ + "/qalam.sock");
  EXPECT_TRUE(SmartClient::Open(path_).ok());
}

TEST_F(BadDirectoryTest, TheSocketOfAnotherDirectoryIsNoOwner) {
  MakeOne();
  const std::string other = disk_ / "other";
  const auto owner = SmartClient::Open(other);
  ASSERT_TRUE(owner.ok());
  fs::create_symlink(other + "/qalam.sock", path_ + "/qalam.sock");
  EXPECT_EQ(SmartClient::OwnerOf(path_).error().code(), "DIRECTORY_UNUSABLE");
  DirectoryOptions proxy;
  proxy.may_own = false;
  EXPECT_EQ(Refusal(proxy).code(), "DIRECTORY_UNUSABLE");
}

TEST_F(BadDirectoryTest, ADeletedLockFileMakesNoSecondOwner) {
  const auto owner = SmartClient::Open(path_);
  ASSERT_TRUE(owner.ok());
  fs::remove(path_ + "/.lock");
  const auto second = SmartClient::Open(path_);
  ASSERT_TRUE(second.ok()) << second.error().what();
  EXPECT_EQ(second->role(), DirectoryRole::kProxy);
  EXPECT_EQ(second->owner().owner_epoch, owner->owner().owner_epoch);
}

TEST_F(BadDirectoryTest, ADeletedSocketLeavesTheLockToTell) {
  const auto owner = SmartClient::Open(path_);
  ASSERT_TRUE(owner.ok());
  fs::remove(path_ + "/qalam.sock");
  const Error error = Refusal();
  EXPECT_EQ(error.code(), "UNREACHABLE");
  EXPECT_NE(error.message().find("process " + std::to_string(::getpid())), std::string::npos);
}

TEST_F(BadDirectoryTest, ADirectoryThatIsReplacedIsNotMadeAnew) {
  auto owner = std::make_unique<SmartClient>(SmartClient::Open(path_).Value());
  const auto proxy = SmartClient::Open(path_);
  ASSERT_TRUE(proxy.ok());
  fs::rename(path_, disk_ / "elsewhere");
  EXPECT_TRUE(owner->Close());
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(proxy->role(), DirectoryRole::kSeeking);
  EXPECT_FALSE(fs::exists(path_));
  fs::rename(disk_ / "elsewhere", path_);
  for (int i = 0; i < 1'000 && proxy->role() != DirectoryRole::kOwner; ++i) {
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(proxy->role(), DirectoryRole::kOwner);
}

TEST_F(BadDirectoryTest, APathLongerThanASocketsAddressWorks) {
  path_ = disk_ / std::string(100, 'a') + "/" + std::string(100, 'b');
  auto owner = SmartClient::Open(path_);
  ASSERT_TRUE(owner.ok()) << owner.error().what();
  const auto proxy = SmartClient::Open(path_);
  ASSERT_TRUE(proxy.ok()) << proxy.error().what();
  EXPECT_EQ(proxy->role(), DirectoryRole::kProxy);
  EXPECT_TRUE(proxy->admin().CreateTopic({"orders", 1, 0, {}}).ok());
  EXPECT_EQ(owner->PartitionsOf("orders").Value().size(), 1u);
}

}  // namespace
}  // namespace qalam::abi0
