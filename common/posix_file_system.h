#pragma once

#include "common/file_system.h"

namespace qalam {

// The real file system. Thread: any.
class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenOptions options) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& directory) override;
  Result<bool> Exists(const std::string& path) override;
  Status CreateDirectory(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status ReadDirect(const std::string& path, std::uint64_t position,
                    std::span<std::byte> out) override;
  Result<std::uint64_t> FreeBytes(const std::string& path) override;
  std::size_t ProbeDirectAlignment(const std::string& directory) override;

  static PosixFileSystem& Get();
};

// Error of the errno `number` for `what` on `path`, with its text.
Error ErrorFromErrno(int number, std::string_view what, std::string_view path);

}  // namespace qalam
