#include "tests/support/memory_file_system.h"

#include <algorithm>
#include <limits>

#include "common/check.h"

namespace qalam {
namespace {

constexpr std::uint64_t kEndless = std::uint64_t{1} << 50;

Error Failed(ErrorCode code, std::string_view what, std::string_view path, std::string_view why) {
  return Error(code, std::string(what) + " of " + std::string(path) +
                         " failed: " + std::string(why) + " (in memory)");
}

Status ReadFrom(const Bytes& content, const std::string& path, std::uint64_t position,
                std::span<std::byte> out) {
  if (position > content.size() || out.size() > content.size() - position) {
    return Error(ErrorCode::kOutOfRange, path + " ends at byte " + std::to_string(content.size()) +
                                             ", before " + std::to_string(position) + " + " +
                                             std::to_string(out.size()));
  }
  std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(position), out.size(), out.begin());
  return OkStatus();
}

}  // namespace

class MemoryFileSystem::MemoryFile final : public File {
 public:
  MemoryFile(MemoryFileSystem& fs, std::string path, std::shared_ptr<MemoryInode> inode,
             std::uint64_t crashes, bool writable, std::size_t alignment)
      : fs_(fs),
        path_(std::move(path)),
        inode_(std::move(inode)),
        crashes_(crashes),
        writable_(writable),
        alignment_(alignment) {}

  std::size_t write_alignment() const override { return alignment_; }
  std::uint64_t size_bytes() const override {
    MutexLock lock(fs_.mutex_);
    return inode_->cached().size();
  }
  Status WriteAt(std::uint64_t position, std::span<const BytesView> parts) override {
    MutexLock lock(fs_.mutex_);
    QALAM_RETURN_IF_ERROR(CheckUsable("write", true));
    Bytes all;
    QALAM_CHECK(position % alignment_ == 0);
    for (const BytesView part : parts) {
      QALAM_CHECK(part.size() % alignment_ == 0);
      QALAM_CHECK(part.empty() || reinterpret_cast<std::uintptr_t>(part.data()) % alignment_ == 0);
      all.insert(all.end(), part.begin(), part.end());
    }
    const std::uint64_t fits = Fitting(position, position + all.size());
    inode_->Write(position, BytesView(all).first(static_cast<std::size_t>(fits - position)));
    return fits == position + all.size() ? OkStatus() : Full("write");
  }
  Status ReadAt(std::uint64_t position, std::span<std::byte> out) const override {
    MutexLock lock(fs_.mutex_);
    QALAM_RETURN_IF_ERROR(CheckUsable("read", false));
    return ReadFrom(inode_->cached(), path_, position, out);
  }
  Status ZeroFill(std::uint64_t from, std::uint64_t to) override {
    MutexLock lock(fs_.mutex_);
    QALAM_RETURN_IF_ERROR(CheckUsable("zero-fill", true));
    QALAM_CHECK(from % alignment_ == 0 && to % alignment_ == 0);
    if (from >= to) return OkStatus();
    const std::uint64_t fits = Fitting(from, to);
    inode_->Zero(from, fits);
    return fits == to ? OkStatus() : Full("zero-fill");
  }
  void StartWriteback(std::uint64_t, std::uint64_t) override {}  // Promises nothing.
  Status Sync() override {
    MutexLock lock(fs_.mutex_);
    QALAM_RETURN_IF_ERROR(CheckUsable("sync", false));
    if (sync_failed_) return *sync_failed_;
    inode_->Sync();
    ++fs_.syncs_;
    return OkStatus();
  }
  Status Truncate(std::uint64_t size_bytes) override {
    MutexLock lock(fs_.mutex_);
    QALAM_RETURN_IF_ERROR(CheckUsable("truncate", true));
    inode_->Truncate(size_bytes);
    return OkStatus();
  }
  void LoseUnsynced() {
    MutexLock lock(fs_.mutex_);
    inode_->LoseUnsynced();
    sync_failed_ = Failed(ErrorCode::kIo, "sync", path_, "an earlier sync failed");
  }

 private:
  Status CheckUsable(std::string_view what, bool writes) const QALAM_REQUIRES(fs_.mutex_) {
    if (crashes_ != fs_.crashes_) {
      return Failed(ErrorCode::kIo, what, path_, "opened before the crash");
    }
    if (writes && !writable_) return Failed(ErrorCode::kIo, what, path_, "opened for reading");
    return OkStatus();
  }
  // Up to where there is space for writing [from, to), in whole blocks.
  std::uint64_t Fitting(std::uint64_t from, std::uint64_t to) const QALAM_REQUIRES(fs_.mutex_) {
    const std::uint64_t free_blocks = fs_.Free() / MemoryInode::kBlockBytes;
    if (inode_->BlocksMissing(from, to) <= free_blocks) return to;
    std::uint64_t fits = from;
    while (true) {
      const std::uint64_t next = (fits / MemoryInode::kBlockBytes + 1) * MemoryInode::kBlockBytes;
      if (next >= to || inode_->BlocksMissing(from, next) > free_blocks) return fits;
      fits = next;
    }
  }
  Status Full(std::string_view what) const {
    return Failed(ErrorCode::kNoSpace, what, path_, "no space left");
  }

  MemoryFileSystem& fs_;
  const std::string path_;
  const std::shared_ptr<MemoryInode> inode_;
  const std::uint64_t crashes_;
  const bool writable_;
  const std::size_t alignment_;
  std::optional<Error> sync_failed_;
};

void MemoryFileSystem::Directory::Change(DirectoryChange change) {
  for (const auto& [name, node] : change) {
    if (node) {
      entries.insert_or_assign(name, *node);
    } else {
      entries.erase(name);
    }
  }
  unsynced.push_back(std::move(change));
}

void MemoryFileSystem::Directory::Arrive(std::size_t changes_count) {
  for (std::size_t i = 0; i < changes_count; ++i) {
    for (const auto& [name, node] : unsynced[i]) {
      if (node) {
        durable.insert_or_assign(name, *node);
      } else {
        durable.erase(name);
      }
    }
  }
  unsynced.clear();
}

MemoryFileSystem::MemoryFileSystem(std::size_t direct_alignment)
    : direct_alignment_(direct_alignment), root_(std::make_shared<Directory>()) {}
MemoryFileSystem::~MemoryFileSystem() = default;

// `name` is empty for the root itself.
Result<MemoryFileSystem::Place> MemoryFileSystem::Find(const std::string& path,
                                                       std::string_view what) const {
  Place place{root_, ""};
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    QALAM_CHECK(part != "..");
    if (!place.name.empty()) {
      const auto found = place.parent->entries.find(place.name);
      if (found == place.parent->entries.end() || found->second.directory == nullptr) {
        return Failed(ErrorCode::kNotFound, what, path, "no such directory");
      }
      place.parent = found->second.directory;
    }
    place.name = part;
  }
  return place;
}

Result<MemoryFileSystem::Node> MemoryFileSystem::FindNode(const std::string& path,
                                                          std::string_view what) const {
  QALAM_ASSIGN_OR_RETURN(const Place place, Find(path, what));
  if (place.name.empty()) return Node{.file = nullptr, .directory = root_};
  const auto found = place.parent->entries.find(place.name);
  if (found == place.parent->entries.end()) {
    return Failed(ErrorCode::kNotFound, what, path, "no such file or directory");
  }
  return found->second;
}

Result<std::unique_ptr<File>> MemoryFileSystem::Open(const std::string& path, OpenOptions options) {
  using Mode = OpenOptions::Mode;
  MutexLock lock(mutex_);
  QALAM_ASSIGN_OR_RETURN(const Place place, Find(path, "open"));
  const auto found = place.parent->entries.find(place.name);
  const bool is_there = found != place.parent->entries.end();
  if (place.name.empty() || (is_there && found->second.file == nullptr)) {
    return Failed(ErrorCode::kIo, "open", path, "is a directory");
  }
  if (is_there && options.mode == Mode::kCreate) {
    return Failed(ErrorCode::kConflict, "open", path, "file exists");
  }
  if (!is_there && (options.mode == Mode::kRead || options.mode == Mode::kReadWrite)) {
    return Failed(ErrorCode::kNotFound, "open", path, "no such file");
  }
  std::shared_ptr<MemoryInode> inode;
  if (is_there) {
    inode = found->second.file;
  } else {
    inode = std::make_shared<MemoryInode>();
    place.parent->Change({{place.name, Node{.file = inode, .directory = nullptr}}});
  }
  const bool writable = options.mode != Mode::kRead;
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(
      *this, path, std::move(inode), crashes_, writable,
      writable && options.direct && direct_alignment_ > 1 ? direct_alignment_ : 1));
}

Result<std::vector<DirectoryEntry>> MemoryFileSystem::List(const std::string& directory) {
  MutexLock lock(mutex_);
  QALAM_ASSIGN_OR_RETURN(const Node node, FindNode(directory, "list"));
  if (node.directory == nullptr) {
    return Failed(ErrorCode::kIo, "list", directory, "not a directory");
  }
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, entry] : node.directory->entries) {
    entries.push_back({name, entry.directory != nullptr});
  }
  return entries;
}

Result<bool> MemoryFileSystem::Exists(const std::string& path) {
  MutexLock lock(mutex_);
  return FindNode(path, "stat").ok();
}

Status MemoryFileSystem::CreateDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  QALAM_ASSIGN_OR_RETURN(const Place place, Find(path, "create directory"));
  if (place.name.empty()) return OkStatus();
  const auto found = place.parent->entries.find(place.name);
  if (found == place.parent->entries.end()) {
    place.parent->Change(
        {{place.name, Node{.file = nullptr, .directory = std::make_shared<Directory>()}}});
    if (place.parent == root_) root_->Arrive(root_->unsynced.size());
    return OkStatus();
  }
  if (found->second.directory != nullptr) return OkStatus();
  return Failed(ErrorCode::kConflict, "create directory", path, "file exists");
}

Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  QALAM_ASSIGN_OR_RETURN(const Node node, FindNode(from, "rename"));
  QALAM_ASSIGN_OR_RETURN(const Place source, Find(from, "rename"));
  QALAM_ASSIGN_OR_RETURN(const Place target, Find(to, "rename"));
  QALAM_CHECK(!source.name.empty() && !target.name.empty());
  const auto replaced = target.parent->entries.find(target.name);
  if (replaced != target.parent->entries.end()) {
    const Directory* const directory = replaced->second.directory.get();
    if ((directory != nullptr) != (node.directory != nullptr) ||
        (directory != nullptr && !directory->entries.empty())) {
      return Failed(ErrorCode::kIo, "rename to " + to, from, "the target can't be replaced");
    }
  }
  if (source.parent == target.parent) {
    if (source.name == target.name) return OkStatus();
    source.parent->Change({{source.name, std::nullopt}, {target.name, node}});
    return OkStatus();
  }
  target.parent->Change({{target.name, node}});
  source.parent->Change({{source.name, std::nullopt}});
  return OkStatus();
}

Status MemoryFileSystem::Remove(const std::string& path) {
  MutexLock lock(mutex_);
  QALAM_ASSIGN_OR_RETURN(const Node node, FindNode(path, "remove"));
  QALAM_ASSIGN_OR_RETURN(const Place place, Find(path, "remove"));
  if (place.name.empty() || (node.directory != nullptr && !node.directory->entries.empty())) {
    return Failed(ErrorCode::kIo, "remove", path, "directory not empty");
  }
  place.parent->Change({{place.name, std::nullopt}});
  return OkStatus();
}

Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  QALAM_ASSIGN_OR_RETURN(const Node node, FindNode(path, "sync"));
  if (node.directory == nullptr) return Failed(ErrorCode::kIo, "sync", path, "not a directory");
  node.directory->Arrive(node.directory->unsynced.size());
  return OkStatus();
}

Status MemoryFileSystem::ReadDirect(const std::string& path, std::uint64_t position,
                                    std::span<std::byte> out) {
  MutexLock lock(mutex_);
  QALAM_ASSIGN_OR_RETURN(const Node node, FindNode(path, "read"));
  if (node.file == nullptr) return Failed(ErrorCode::kIo, "read", path, "is a directory");
  if (!node.file->has_lost()) return ReadFrom(node.file->cached(), path, position, out);
  return ReadFrom(node.file->Direct(), path, position, out);
}

Result<std::uint64_t> MemoryFileSystem::FreeBytes(const std::string& path) {
  MutexLock lock(mutex_);
  QALAM_ASSIGN_OR_RETURN(const Node node, FindNode(path, "statvfs"));
  return Free();
}

std::size_t MemoryFileSystem::ProbeDirectAlignment(const std::string&) {
  return direct_alignment_ > 1 ? direct_alignment_ : 0;
}

std::uint64_t MemoryFileSystem::UsedBytes(const Directory& directory) {
  std::uint64_t used = 0;
  for (const auto& [name, node] : directory.entries) {
    used += node.file != nullptr ? node.file->allocated_bytes() : UsedBytes(*node.directory);
  }
  return used;
}

std::uint64_t MemoryFileSystem::Free() const {
  if (!capacity_) return kEndless;
  const std::uint64_t used = UsedBytes(*root_);
  return *capacity_ > used ? *capacity_ - used : 0;
}

void MemoryFileSystem::Crash(Directory& directory, MemoryInode::Random* random) {
  const std::size_t unsynced = directory.unsynced.size();
  directory.Arrive(random == nullptr ? 0 : static_cast<std::size_t>((*random)() % (unsynced + 1)));
  directory.entries = directory.durable;
  for (const auto& [name, node] : directory.entries) {
    if (node.directory != nullptr) {
      Crash(*node.directory, random);
    } else if (random == nullptr) {
      node.file->Crash();
    } else {
      node.file->CrashKeeping(*random);
    }
  }
}

void MemoryFileSystem::Crash(std::uint64_t seed) {
  MutexLock lock(mutex_);
  ++crashes_;
  MemoryInode::Random random(seed);
  Crash(*root_, seed == 0 ? nullptr : &random);
}

void MemoryFileSystem::SetSpace(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  capacity_ = bytes;
}

void MemoryFileSystem::SetFreeBytes(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  capacity_ = UsedBytes(*root_) + bytes;
}

std::uint64_t MemoryFileSystem::syncs() const {
  MutexLock lock(mutex_);
  return syncs_;
}

Bytes MemoryFileSystem::Content(const std::string& path) const {
  MutexLock lock(mutex_);
  const Result<Node> node = FindNode(path, "read");
  return node.ok() && node->file != nullptr ? node->file->cached() : Bytes();
}

void MemoryFileSystem::SetContent(const std::string& path, Bytes content) {
  MutexLock lock(mutex_);
  const Result<Place> place = Find(path, "write");
  QALAM_CHECK(place.ok() && !place->name.empty());
  const auto found = place->parent->entries.find(place->name);
  Node node;
  if (found != place->parent->entries.end()) node = found->second;
  QALAM_CHECK(node.directory == nullptr);
  if (node.file == nullptr) node.file = std::make_shared<MemoryInode>();
  node.file->Replace(std::move(content));
  place->parent->Change({{place->name, node}});
  place->parent->durable.insert_or_assign(place->name, node);
}

void MemoryFileSystem::LoseUnsynced(File& file) {
  if (auto* ours = dynamic_cast<MemoryFile*>(&file)) ours->LoseUnsynced();
}

}  // namespace qalam
