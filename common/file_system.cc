#include "common/file_system.h"

#include <array>

namespace qalam {

std::string JoinPath(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path.push_back('/');
  path += name;
  return path;
}

std::string ParentPath(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

Result<Bytes> ReadWholeFile(FileSystem& fs, const std::string& path, std::size_t size_bytes_max) {
  QALAM_ASSIGN_OR_RETURN(const auto file, fs.Open(path, {.mode = OpenOptions::Mode::kRead}));
  const std::uint64_t size = file->size_bytes();
  if (size > size_bytes_max) {
    return Error(ErrorCode::kOutOfRange, path + " has " + std::to_string(size) +
                                             " bytes, more than the " +
                                             std::to_string(size_bytes_max) + " it may have");
  }
  Bytes content(static_cast<std::size_t>(size));
  QALAM_RETURN_IF_ERROR(file->ReadAt(0, content));
  return content;
}

namespace {

// `path` holds just `content` and is synced, its name is not.
Status WriteWholeFile(FileSystem& fs, const std::string& path, BytesView content) {
  QALAM_ASSIGN_OR_RETURN(const auto file,
                         fs.Open(path, {.mode = OpenOptions::Mode::kOpenOrCreate}));
  QALAM_RETURN_IF_ERROR(file->Truncate(0));
  const std::array<BytesView, 1> parts = {content};
  QALAM_RETURN_IF_ERROR(file->WriteAt(0, parts));
  return file->Sync();
}

}  // namespace

Status ReplaceFile(FileSystem& fs, const std::string& path, BytesView content) {
  const std::string temporary = path + ".tmp";
  Status written = WriteWholeFile(fs, temporary, content);
  if (written.ok()) written = fs.Rename(temporary, path);
  if (!written.ok()) {
    (void)fs.Remove(temporary);  // On a full disk it would be in the way.
    return written;
  }
  return fs.SyncDirectory(ParentPath(path));
}

}  // namespace qalam
