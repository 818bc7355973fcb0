#include "broker/node/data_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::size_t kMetaBytesMax = 64 * 1024;
constexpr std::string_view kMetaName = "meta.properties";
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;

Error Unusable(const std::string& path, std::string_view what) {
  return Error(ErrorCode::kDirectoryUnusable, "data directory " + path + ": " + std::string(what))
      .With("path", path);
}

Error NeedsSpace(const std::string& path, const std::string& what) {
  return Error(ErrorCode::kNoSpace,
               "data directory " + path + ": a start needs some free space there: " + what)
      .With("path", path);
}

// Whether it had to be made.
Result<bool> MakeDirectory(const std::string& path) {
  struct stat at {};
  if (stat(path.c_str(), &at) == 0) {
    if (!S_ISDIR(at.st_mode)) return Unusable(path, "is not a directory");
    return false;
  }
  if (errno != ENOENT) return Unusable(path, std::strerror(errno));
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed == std::errc::no_space_on_device) return NeedsSpace(path, failed.message());
  if (failed) return Unusable(path, "can't be created: " + failed.message());
  if (chmod(path.c_str(), 0700) != 0) return Unusable(path, std::strerror(errno));
  return true;
}

// Files of two users in one directory would lock one of them out.
Status RefuseForeignOwner(const std::string& path) {
  struct stat at {};
  if (stat(path.c_str(), &at) != 0) return Unusable(path, std::strerror(errno));
  const uid_t me = geteuid();
  if (me == 0 || at.st_uid == me) return OkStatus();
  return Unusable(path, "belongs to user " + std::to_string(at.st_uid) + ", and we are user " +
                            std::to_string(me) +
                            "; run as its owner, or give it to us with chown -R");
}

// One that was there before us may be open to others, who could then take names away or put others
// there.
Status CloseToOthers(const std::string& path) {
  struct stat at {};
  if (stat(path.c_str(), &at) != 0) return Unusable(path, std::strerror(errno));
  if ((at.st_mode & kOthers) == 0) return OkStatus();
  if (chmod(path.c_str(), 0700) == 0) {
    Logger("node").warn("data directory was open to others, closed path={} mode_was={:o}", path,
                        at.st_mode & 07777u);
    return OkStatus();
  }
  if ((at.st_mode & kOthersMayWrite) == 0) return OkStatus();
  return Unusable(path, "may be written by other users, and is not ours to close (chmod 0700): " +
                            std::string(std::strerror(errno)));
}

Status RefuseNetworkFileSystem(const std::string& path) {
  struct statfs system {};
  if (statfs(path.c_str(), &system) != 0) return Unusable(path, std::strerror(errno));
  const std::string_view name = NetworkFileSystemName(static_cast<long>(system.f_type));
  if (name.empty()) return OkStatus();
  return Unusable(path, "lies on " + std::string(name) +
                            ", where neither locks nor syncs can be relied on; use a local disk "
                            "(or --force, at your own risk)");
}

// Inode and birth time tell a directory from its copy. The device's number does not take part:
// it may change whenever the machine starts.
Status Locate(const std::string& path, MetaProperties& meta) {
  struct statx at {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &at) != 0) {
    return Unusable(path, std::strerror(errno));
  }
  meta.inode = at.stx_ino;
  meta.birth_ns = (at.stx_mask & STATX_BTIME) == 0
                      ? 0
                      : at.stx_btime.tv_sec * std::int64_t{1'000'000'000} + at.stx_btime.tv_nsec;
  return OkStatus();
}

// What lies in a directory without meta.properties.
Status RefuseForeign(FileSystem& fs, const std::string& path, bool repair) {
  Result<std::vector<DirectoryEntry>> entries = fs.List(path);
  if (!entries.ok()) return Unusable(path, entries.error().message());
  std::string stranger;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name == "log") {
      // Made before meta.properties: empty, it is what a killed first start leaves.
      QALAM_ASSIGN_OR_RETURN(const auto logs, fs.List(JoinPath(path, entry.name)));
      if (logs.empty()) continue;
    }
    if (entry.name == "log" || entry.name == "metadata" || entry.name == "metadata.guard") {
      if (repair) return OkStatus();
      return Error(ErrorCode::kMetadataDamaged,
                   JoinPath(path, kMetaName) + " is missing, but " + entry.name + " is there")
          .With("path", path);
    }
    const bool ours =
        entry.name == ".lock" || entry.name == "lost+found" || entry.name.starts_with(kMetaName);
    if (!ours && stranger.empty()) stranger = entry.name;
  }
  if (stranger.empty()) return OkStatus();
  return Unusable(path, "is not empty (" + stranger + ") and was not made by Qalam");
}

}  // namespace

Result<std::optional<MetaProperties>> ReadMeta(FileSystem& fs, const std::string& path) {
  const std::string file = JoinPath(path, kMetaName);
  const Result<Bytes> bytes = ReadWholeFile(fs, file, kMetaBytesMax);
  if (!bytes.ok()) {
    if (bytes.error().code() == ErrorCode::kNotFound) return std::optional<MetaProperties>();
    return Unusable(path, bytes.error().message());
  }
  QALAM_ASSIGN_OR_RETURN(MetaProperties meta, MetaProperties::Parse(AsText(*bytes), file));
  return std::optional<MetaProperties>(std::move(meta));
}

std::string_view NetworkFileSystemName(long type) {
  struct Known {
    unsigned long type;
    std::string_view name;
  };
  static constexpr auto kKnown = std::to_array<Known>({
      {0x6969, "NFS"},
      {0x517b, "SMB"},
      {0xff534d42, "SMB (cifs)"},
      {0xfe534d42, "SMB"},
      {0x5346414f, "AFS"},
      {0x6b414653, "AFS"},
      {0x73757245, "Coda"},
      {0x00c36400, "Ceph"},
      {0x01021997, "9p"},
  });
  for (const Known& known : kKnown) {
    if ((static_cast<unsigned long>(type) & 0xffffffff) == known.type) return known.name;
  }
  return {};
}

Result<DataDirectory> DataDirectory::Open(FileSystem& fs, const DataDirectoryOptions& options) {
  if (options.path.empty()) {
    return Error(ErrorCode::kDirectoryUnusable, "no data directory was given");
  }
  // Absolute, so that nothing depends on the working directory later.
  std::error_code failed;
  const std::string path = std::filesystem::absolute(options.path, failed).lexically_normal();
  if (failed) return Unusable(options.path, failed.message());
  const std::string log_path = JoinPath(path, "log");
  if (!options.directory_id.empty() && access(path.c_str(), F_OK) != 0) {
    return Unusable(path, "is gone: it was moved or deleted while it was in use");
  }
  QALAM_ASSIGN_OR_RETURN(const bool made, MakeDirectory(path));
  QALAM_RETURN_IF_ERROR(RefuseForeignOwner(path));
  if (!options.allow_network_file_system) QALAM_RETURN_IF_ERROR(RefuseNetworkFileSystem(path));

  // Before the lock file is made: a foreign directory is left as it was.
  Result<bool> has_meta = fs.Exists(JoinPath(path, kMetaName));
  if (!has_meta.ok()) return Unusable(path, has_meta.error().message());
  if (!*has_meta) {
    const Status foreign = RefuseForeign(fs, path, options.repair);
    if (!foreign.ok()) {
      // Whoever makes it at this moment writes meta.properties before what follows from it.
      has_meta = fs.Exists(JoinPath(path, kMetaName));
      if (!has_meta.ok() || !*has_meta) return foreign.error();
    }
  }
  Result<FileLock> lock = FileLock::TryLock(JoinPath(path, ".lock"));
  if (!lock.ok()) {
    if (lock.error().code() == ErrorCode::kDirectoryInUse) return lock.error();
    return Unusable(path, "is not writable: " + lock.error().message());
  }
  Result<FileLock> directory_lock = FileLock::TryLockDirectory(path);
  if (!directory_lock.ok()) {
    if (directory_lock.error().code() == ErrorCode::kDirectoryInUse) return directory_lock.error();
    return Unusable(path, directory_lock.error().message());
  }

  Result<std::optional<MetaProperties>> read = ReadMeta(fs, path);
  if (!read.ok() && options.repair && read.error().code() == ErrorCode::kMetadataDamaged) {
    const std::string file = JoinPath(path, kMetaName);
    QALAM_RETURN_IF_ERROR(fs.Rename(file, file + ".damaged"));
    read = std::optional<MetaProperties>();
  }
  QALAM_ASSIGN_OR_RETURN(const std::optional<MetaProperties> found, std::move(read));
  if (!options.directory_id.empty() && (!found || found->directory_id != options.directory_id)) {
    return Unusable(path, "is not the directory with the id " + options.directory_id +
                              " any more: it was replaced while it was in use");
  }
  MetaProperties here;
  QALAM_RETURN_IF_ERROR(Locate(path, here));
  MetaProperties meta;
  if (!found) {
    QALAM_RETURN_IF_ERROR(RefuseForeign(fs, path, options.repair));
    meta.cluster_id = Uuid::Random().ToString();
    meta.directory_id = Uuid::Random().ToString();
    meta.node_id = options.node_id.value_or(1);
  } else {
    meta = *found;
    if (options.node_id && *options.node_id != meta.node_id) {
      return Error(ErrorCode::kWrongNode, "data directory " + path + " belongs to node " +
                                              std::to_string(meta.node_id) + ", not to node " +
                                              std::to_string(*options.node_id))
          .With("path", path)
          .With("node_id", meta.node_id);
    }
    const bool moved = meta.inode != here.inode ||
                       (meta.birth_ns != 0 && here.birth_ns != 0 && meta.birth_ns != here.birth_ns);
    if (moved && !options.adopt_copy) {
      return Error(ErrorCode::kCopiedDirectory,
                   "data directory " + path + " is a copy of directory " + meta.directory_id +
                       ": two brokers with the same records and epochs would contradict each other")
          .With("path", path)
          .With("directory_id", meta.directory_id);
    }
    if (moved) {
      Logger("node").warn("copy adopted path={} of_directory={}", path, meta.directory_id);
      meta.directory_id = Uuid::Random().ToString();
    }
  }
  QALAM_RETURN_IF_ERROR(CloseToOthers(path));
  meta.inode = here.inode;
  meta.birth_ns = here.birth_ns;
  ++meta.owner_epoch;
  // Durable with the rename of meta.properties, which syncs the directory.
  QALAM_RETURN_IF_ERROR(fs.CreateDirectory(log_path));
  const std::string text = meta.ToText();
  if (const Status written = ReplaceFile(fs, JoinPath(path, kMetaName), AsBytes(text));
      !written.ok()) {
    if (written.error().code() == ErrorCode::kPermissionDenied) {
      return Unusable(path, "is not writable: " + written.error().message());
    }
    if (written.error().code() == ErrorCode::kNoSpace) {
      return NeedsSpace(path, written.error().message());
    }
    return written.error();
  }
  if (made) QALAM_RETURN_IF_ERROR(fs.SyncDirectory(ParentPath(path)));
  return DataDirectory(path, std::move(meta), std::move(lock).value(),
                       std::move(directory_lock).value());
}

}  // namespace qalam
