#include "client/cli/bundle_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "broker/tools/log_dump.h"
#include "client/cli/text.h"
#include "common/bytes.h"
#include "common/posix_file_system.h"

namespace qalam::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 100'000;
constexpr std::size_t kCheckpointsMax = 5'000;
constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;
// Those that `qalam log dump` explains, and those that are text themselves.
constexpr std::array<std::string_view, 3> kDumped = {
    "durable-checkpoint", "leader-epoch-checkpoint", "partition.metadata"};
constexpr std::array<std::string_view, 3> kTexts = {"meta.properties", "log/dirty-partitions",
                                                    "log/retention-clock"};

std::string Row(const std::string& path, const std::string& name) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return fmt::format("{}  {}\n", name, std::strerror(errno));
  }
  const char kind = S_ISDIR(status.st_mode)   ? 'd'
                    : S_ISREG(status.st_mode) ? '-'
                    : S_ISLNK(status.st_mode) ? 'l'
                                              : '?';
  return fmt::format("{}{:04o}  {:>14}  {:>14}  {}  {}\n", kind, status.st_mode & 07777u,
                     status.st_size, static_cast<std::int64_t>(status.st_blocks) * 512,
                     Rfc3339(static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1000), name);
}

// Paths below `directory`, sorted; links are not followed.
std::vector<fs::path> FilesBelow(const std::string& directory, std::error_code& failed) {
  std::vector<fs::path> files;
  auto at = fs::recursive_directory_iterator(directory,
                                             fs::directory_options::skip_permission_denied, failed);
  while (!failed && at != fs::recursive_directory_iterator() && files.size() < kFilesMax) {
    files.push_back(at->path());
    at.increment(failed);
  }
  std::sort(files.begin(), files.end());
  return files;
}

void AddCheckpoints(const std::string& directory, const std::vector<fs::path>& files,
                    Bundle& bundle) {
  std::string text;
  std::size_t count = 0;
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    if (std::find(kDumped.begin(), kDumped.end(), name) == kDumped.end()) continue;
    if (++count > kCheckpointsMax) {
      text += "... and more\n";
      break;
    }
    text += "== " + file.lexically_relative(directory).string() + "\n";
    const auto dumped = DumpLogFile(PosixFileSystem::Get(), file.string(), false,
                                    std::function<void(const std::string&)>(
                                        [&](const std::string& line) { text += line + "\n"; }));
    if (!dumped.ok()) text += dumped.error().ToString() + "\n";
  }
  bundle.Add("directory/checkpoints.txt", "what the checkpoints of the partitions say", text);
}

void AddFileSystem(const std::string& directory, Bundle& bundle) {
  struct statvfs system {};
  std::string text;
  if (::statvfs(directory.c_str(), &system) == 0) {
    text = fmt::format("block {} B, {} blocks, {} free, {} for us; {} inodes, {} free\n",
                       system.f_frsize, system.f_blocks, system.f_bfree, system.f_bavail,
                       system.f_files, system.f_ffree);
  }
  // The mount that the directory lies below, the innermost: mount point, type, options.
  std::ifstream mounts("/proc/self/mounts");
  std::string best;
  std::size_t best_size = 0;
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device;
    std::string point;
    std::string rest;
    words >> device >> point;
    std::getline(words, rest);
    const std::string prefix = point == "/" ? point : point + "/";
    if ((directory + "/").compare(0, prefix.size(), prefix) == 0 && prefix.size() >= best_size) {
      best = point + rest;
      best_size = prefix.size();
    }
  }
  struct stat status {};
  if (::stat(directory.c_str(), &status) == 0) {
    const std::string queue =
        fmt::format("/sys/dev/block/{}:{}/", major(status.st_dev), minor(status.st_dev));
    for (const char* name : {"queue/rotational", "queue/write_cache", "queue/scheduler",
                             "queue/logical_block_size", "queue/physical_block_size"}) {
      std::ifstream file(queue + name);
      std::string value;
      if (std::getline(file, value)) text += std::string(name) + " " + value + "\n";
    }
  }
  bundle.Add("directory/file-system.txt", "space, mount, disk", best + "\n" + text);
}

}  // namespace

void AddDirectoryParts(const std::string& directory, Bundle& bundle) {
  std::error_code failed;
  const std::vector<fs::path> files = FilesBelow(directory, failed);
  if (failed) bundle.Lacks("directory/", directory + ": " + failed.message());
  if (files.empty()) return;
  std::string listing =
      "mode       bytes          bytes on disk   changed                   name\n";
  listing += Row(directory, ".");
  for (const fs::path& file : files) {
    listing += Row(file.string(), file.lexically_relative(directory).string());
  }
  if (files.size() == kFilesMax) listing += "... and more\n";
  bundle.Add("directory/listing.txt", "its files: mode, sizes, times", listing);
  AddCheckpoints(directory, files, bundle);
  for (const std::string_view name : kTexts) {
    const auto bytes =
        ReadWholeFile(PosixFileSystem::Get(), JoinPath(directory, name), kTextBytesMax);
    std::string flat(name);
    std::replace(flat.begin(), flat.end(), '/', '-');
    if (bytes.ok()) {
      bundle.Add("directory/" + flat + ".txt", "as it is",
                 std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()));
    } else {
      bundle.Lacks("directory/" + flat + ".txt", bytes.error().ToString());
    }
  }
  AddFileSystem(directory, bundle);
}

}  // namespace qalam::cli
