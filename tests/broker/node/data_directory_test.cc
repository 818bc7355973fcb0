#include "broker/node/data_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "common/posix_file_system.h"
#include "tests/support/fault_file_system.h"

namespace qalam {
namespace {

namespace fs = std::filesystem;

class DataDirectoryTest : public testing::Test {
 protected:
  DataDirectoryTest() {
    std::string pattern = "/var/tmp/qalam-directory-XXXXXX";
    root_ = mkdtemp(pattern.data());
    path_ = root_ + "/data";
  }
  ~DataDirectoryTest() override { fs::remove_all(root_); }

  Result<DataDirectory> Open(DataDirectoryOptions options = {}) {
    if (options.path.empty()) options.path = path_;
    return DataDirectory::Open(PosixFileSystem::Get(), options);
  }
  std::string Meta() const {
    std::stringstream text;
    text << std::ifstream(path_ + "/meta.properties").rdbuf();
    return text.str();
  }
  std::vector<std::string> Names(const std::string& directory) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string root_;
  std::string path_;
};

mode_t ModeOf(const std::string& path) {
  struct stat at {};
  EXPECT_EQ(stat(path.c_str(), &at), 0);
  return at.st_mode & 07777;
}

// Of many that open a new directory at once, those that come while one makes it find an owner.
TEST_F(DataDirectoryTest, MadeByAnotherMeanwhileItIsInUseAndNotForeign) {
  std::optional<Result<DataDirectory>> other;
  FaultFileSystem between(PosixFileSystem::Get());
  between.SetRule([&](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call == FileCall::kList && path == path_ && !other) {
      other.emplace(Open());
      fs::create_directory(path_ + "/metadata");
    }
    return std::nullopt;
  });
  DataDirectoryOptions options;
  options.path = path_;
  const auto mine = DataDirectory::Open(between, options);
  ASSERT_TRUE(other && other->ok());
  ASSERT_FALSE(mine.ok());
  EXPECT_EQ(mine.error().code(), ErrorCode::kDirectoryInUse) << mine.error().ToString();
}

TEST_F(DataDirectoryTest, ANewOneIsMadeForUsAlone) {
  const mode_t before = umask(0);
  path_ = root_ + "/deep/er/data";
  const auto directory = Open();
  umask(before);
  ASSERT_TRUE(directory.ok()) << directory.error().message();
  EXPECT_EQ(directory->meta().node_id, 1);
  EXPECT_EQ(directory->meta().owner_epoch, 1);
  EXPECT_FALSE(directory->meta().cluster_id.empty());
  EXPECT_EQ(ModeOf(path_), 0700u);
  EXPECT_EQ(ModeOf(path_ + "/meta.properties"), 0600u);
  EXPECT_EQ(ModeOf(path_ + "/.lock"), 0600u);
  EXPECT_EQ(ModeOf(path_ + "/log"), 0700u);
}

TEST_F(DataDirectoryTest, OneThatWasOpenToOthersIsClosed) {
  fs::create_directory(path_);
  for (const mode_t mode : {0777u, 0755u, 0710u, 0702u, 0700u}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(ModeOf(path_), 0700u);
  }
}

TEST_F(DataDirectoryTest, EveryStartRaisesTheOwnerEpochAndKeepsTheIdentity) {
  const MetaProperties first = Open()->meta();
  for (std::int64_t epoch = 2; epoch < 5; ++epoch) {
    const auto directory = Open();
    ASSERT_TRUE(directory.ok()) << directory.error().message();
    EXPECT_EQ(directory->meta().owner_epoch, epoch);
    EXPECT_EQ(directory->meta().directory_id, first.directory_id);
    EXPECT_EQ(directory->meta().cluster_id, first.cluster_id);
    EXPECT_NE(Meta().find("owner.epoch=" + std::to_string(epoch) + "\n"), std::string::npos);
  }
}

TEST_F(DataDirectoryTest, ASecondOwnerIsRefusedAndToldWhoHasIt) {
  const auto owner = Open();
  ASSERT_TRUE(owner.ok());
  const std::string before = Meta();
  const auto second = Open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kDirectoryInUse);
  EXPECT_EQ(second.error().detail("pid"), std::to_string(getpid()));
  EXPECT_NE(second.error().message().find("since 20"), std::string::npos)
      << second.error().message();
  EXPECT_EQ(Meta(), before);
}

TEST_F(DataDirectoryTest, ANodesDirectoryIsNotAnothersAndAnsweringNothingTakesItsOwn) {
  ASSERT_TRUE(Open({"", 7, false, false, false}).ok());
  const auto other = Open({"", 8, false, false, false});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), ErrorCode::kWrongNode);
  EXPECT_EQ(other.error().detail("node_id"), "7");
  const auto own = Open();
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->meta().node_id, 7);
  EXPECT_EQ(own->meta().owner_epoch, 2);  // A refusal is no start.
}

TEST_F(DataDirectoryTest, ANewerFormatIsRefusedByName) {
  ASSERT_TRUE(Open().ok());
  std::ofstream(path_ + "/meta.properties") << "version=9\nsomething.new=1\n";
  const auto directory = Open();
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error().code(), ErrorCode::kUnsupportedFormat);
  EXPECT_NE(directory.error().message().find("version 9"), std::string::npos);
  EXPECT_EQ(Meta(), "version=9\nsomething.new=1\n");
}

TEST_F(DataDirectoryTest, EveryFlippedByteOfMetaPropertiesIsNoticed) {
  ASSERT_TRUE(Open().ok());
  const std::string intact = Meta();
  for (std::size_t i = 0; i < intact.size(); ++i) {
    std::string damaged = intact;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(MetaProperties::Parse(damaged, "meta").ok()) << "byte " << i;
    EXPECT_FALSE(MetaProperties::Parse(intact.substr(0, i), "meta").ok()) << i;
  }
  EXPECT_TRUE(MetaProperties::Parse(intact, "meta").ok());
}

TEST_F(DataDirectoryTest, ACopyIsRefusedUnlessItIsAdopted) {
  ASSERT_TRUE(Open().ok());
  const std::string original = path_;
  const std::string copy = root_ + "/copy";
  ASSERT_EQ(std::system(("cp -a " + original + " " + copy).c_str()), 0);
  path_ = copy;
  const auto refused = Open();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kCopiedDirectory);
  {
    const auto adopted = Open({"", std::nullopt, true, false, false});
    ASSERT_TRUE(adopted.ok()) << adopted.error().message();
    path_ = original;
    EXPECT_NE(Open()->meta().directory_id, adopted->meta().directory_id);
  }
  path_ = copy;
  EXPECT_TRUE(Open().ok());  // Adopted once is enough.
}

TEST_F(DataDirectoryTest, AMovedDirectoryIsNoCopy) {
  ASSERT_TRUE(Open().ok());
  fs::rename(path_, root_ + "/moved");
  path_ = root_ + "/moved";
  EXPECT_TRUE(Open().ok());
}

TEST_F(DataDirectoryTest, AForeignDirectoryIsLeftAsItIs) {
  fs::create_directory(root_ + "/open");
  ASSERT_EQ(chmod((root_ + "/open").c_str(), 0755), 0);
  std::ofstream(root_ + "/open/theirs") << "x";
  DataDirectoryOptions open;
  open.path = root_ + "/open";
  EXPECT_FALSE(Open(open).ok());
  EXPECT_EQ(ModeOf(open.path), 0755u);
  fs::create_directory(path_);
  std::ofstream(path_ + "/thesis.tex") << "x";
  const auto directory = Open();
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error().code(), ErrorCode::kDirectoryUnusable);
  EXPECT_NE(directory.error().message().find("thesis.tex"), std::string::npos);
  EXPECT_EQ(Names(path_), std::vector<std::string>{"thesis.tex"});
}

TEST_F(DataDirectoryTest, AnEmptyDirectoryOrOneWithLostAndFoundIsTaken) {
  fs::create_directories(path_ + "/lost+found");
  EXPECT_TRUE(Open().ok());
}

TEST_F(DataDirectoryTest, AFirstStartThatWasKilledAnywhereStartsAfresh) {
  fs::create_directories(path_ + "/log");
  std::ofstream(path_ + "/.lock") << "pid=1\n";
  std::ofstream(path_ + "/meta.properties.tmp") << "version=1\nclus";
  EXPECT_TRUE(Open().ok());
}

TEST_F(DataDirectoryTest, AFileIsNoDirectory) {
  std::ofstream file(path_);
  EXPECT_EQ(Open().error().code(), ErrorCode::kDirectoryUnusable);
  EXPECT_EQ(Open({path_ + "/below", std::nullopt, false, false, false}).error().code(),
            ErrorCode::kDirectoryUnusable);
}

TEST_F(DataDirectoryTest, LostMetaPropertiesBesideLogsIsDamageAndNotAFreshStart) {
  ASSERT_TRUE(Open().ok());
  fs::create_directory(path_ + "/log/orders-0");
  fs::remove(path_ + "/meta.properties");
  const auto refused = Open();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kMetadataDamaged);
  EXPECT_FALSE(fs::exists(path_ + "/meta.properties"));
  EXPECT_TRUE(Open({"", std::nullopt, false, false, true}).ok());  // Repair.
}

TEST_F(DataDirectoryTest, ADirectoryOfSomebodyElseIsNotWritable) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become nobody";
  ASSERT_TRUE(Open().ok());
  const pid_t child = fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(9);
    const auto refused = Open();
    _exit(!refused.ok() && refused.error().code() == ErrorCode::kDirectoryUnusable ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(DataDirectoryTest, ADirectoryOfSomebodyElseIsRefusedEvenIfAnybodyMayWriteThere) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become nobody";
  fs::create_directory(path_);
  ASSERT_EQ(chmod(root_.c_str(), 0755), 0);
  ASSERT_EQ(chmod(path_.c_str(), 0777), 0);
  const pid_t child = fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(9);
    const auto refused = Open();
    if (refused.ok() || refused.error().code() != ErrorCode::kDirectoryUnusable) _exit(1);
    _exit(refused.error().message().find("belongs to user 0") != std::string::npos ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(fs::is_empty(path_));
}

TEST_F(DataDirectoryTest, ADeletedLockFileMakesNoSecondOwner) {
  const auto owner = Open();
  ASSERT_TRUE(owner.ok());
  const std::string before = Meta();
  fs::remove(path_ + "/.lock");
  const auto second = Open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kDirectoryInUse);
  EXPECT_NE(second.error().message().find("deleted"), std::string::npos);
  EXPECT_EQ(Meta(), before);
}

TEST_F(DataDirectoryTest, OneThatIsWantedByItsIdIsNeitherMadeNorMistaken) {
  DataDirectoryOptions options;
  options.directory_id = "0123456789012345678901";
  EXPECT_EQ(Open(options).error().code(), ErrorCode::kDirectoryUnusable);
  EXPECT_FALSE(fs::exists(path_));
  std::string id;
  {
    const auto made = Open();
    ASSERT_TRUE(made.ok());
    id = made->meta().directory_id;
  }
  const std::string before = Meta();
  EXPECT_EQ(Open(options).error().code(), ErrorCode::kDirectoryUnusable);
  EXPECT_EQ(Meta(), before);
  options.directory_id = id;
  EXPECT_TRUE(Open(options).ok());
}

TEST(NetworkFileSystemTest, NetworksAreKnownAndDisksAreNot) {
  EXPECT_EQ(NetworkFileSystemName(0x6969), "NFS");
  EXPECT_EQ(NetworkFileSystemName(static_cast<long>(0xff534d42)), "SMB (cifs)");
  EXPECT_EQ(NetworkFileSystemName(static_cast<long>(0xfe534d42)), "SMB");
  EXPECT_EQ(NetworkFileSystemName(0xef53), "");      // ext4
  EXPECT_EQ(NetworkFileSystemName(0x58465342), "");  // xfs
  EXPECT_EQ(NetworkFileSystemName(0x794c7630), "");  // overlayfs
}

}  // namespace
}  // namespace qalam
