#include "tests/support/memory_file_system.h"

#include <algorithm>
#include <cstring>

#include "common/check.h"

namespace qalam {
namespace {

constexpr std::size_t kSectorBytes = 512;

Error NotFound(const std::string& path) {
  return Error(ErrorCode::kNotFound, path + ": no such file");
}
Error Crashed() { return Error(ErrorCode::kIo, "the machine stopped"); }

// splitmix64: the same seed chooses the same sectors.
std::uint64_t NextRandom(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

void Put(Bytes& content, std::uint64_t position, BytesView bytes) {
  const auto at = static_cast<std::size_t>(position);
  if (content.size() < at + bytes.size()) content.resize(at + bytes.size());
  std::memcpy(content.data() + at, bytes.data(), bytes.size());
}

}  // namespace

// An open MemoryFile; its node lives on when its name is gone.
class MemoryFile final : public File {
 public:
  MemoryFile(MemoryFileSystem& fs, MemoryFileSystem::NodePtr node, std::size_t alignment,
             std::uint64_t generation)
      : fs_(fs), node_(std::move(node)), alignment_(alignment), generation_(generation) {}

  std::size_t write_alignment() const override { return alignment_; }
  std::uint64_t size_bytes() const override {
    MutexLock lock(fs_.mutex_);
    return node_->content.size();
  }
  Status WriteAt(std::uint64_t position, std::span<const BytesView> parts) override {
    MutexLock lock(fs_.mutex_);
    if (generation_ != fs_.generation_) return Crashed();
    MemoryFileSystem::Change change;
    change.position = position;
    for (const BytesView part : parts) {
      change.bytes.insert(change.bytes.end(), part.begin(), part.end());
    }
    QALAM_CHECK(position % alignment_ == 0 && change.bytes.size() % alignment_ == 0);
    QALAM_RETURN_IF_ERROR(fs_.Grow(*node_, position + change.bytes.size()));
    Put(node_->content, position, change.bytes);
    node_->pending.push_back(std::move(change));
    return OkStatus();
  }
  Status ReadAt(std::uint64_t position, std::span<std::byte> out) const override {
    MutexLock lock(fs_.mutex_);
    if (generation_ != fs_.generation_) return Crashed();
    if (position + out.size() > node_->content.size()) {
      return Error(ErrorCode::kOutOfRange, "the file ends before");
    }
    std::copy_n(node_->content.begin() + static_cast<std::ptrdiff_t>(position), out.size(),
                out.begin());
    return OkStatus();
  }
  Status ZeroFill(std::uint64_t from, std::uint64_t to) override {
    const Bytes zeros(static_cast<std::size_t>(to - from));
    const BytesView part(zeros);
    return WriteAt(from, std::span(&part, 1));
  }
  void StartWriteback(std::uint64_t, std::uint64_t) override {}
  Status Sync() override {
    MutexLock lock(fs_.mutex_);
    if (generation_ != fs_.generation_) return Crashed();
    ++fs_.syncs_;
    for (const auto& change : node_->pending) {
      if (change.resize) {
        node_->durable.resize(static_cast<std::size_t>(change.position));
      } else {
        Put(node_->durable, change.position, change.bytes);
      }
    }
    node_->pending.clear();
    return OkStatus();
  }
  Status Truncate(std::uint64_t size_bytes) override {
    MutexLock lock(fs_.mutex_);
    if (generation_ != fs_.generation_) return Crashed();
    QALAM_RETURN_IF_ERROR(fs_.Grow(*node_, size_bytes));
    if (size_bytes < node_->content.size()) fs_.used_ -= node_->content.size() - size_bytes;
    node_->content.resize(static_cast<std::size_t>(size_bytes));
    MemoryFileSystem::Change change;
    change.resize = true;
    change.position = size_bytes;
    node_->pending.push_back(std::move(change));
    return OkStatus();
  }

 private:
  MemoryFileSystem& fs_;
  const MemoryFileSystem::NodePtr node_;
  const std::size_t alignment_;
  const std::uint64_t generation_;
};

MemoryFileSystem::NodePtr MemoryFileSystem::Find(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? nullptr : found->second;
}

Status MemoryFileSystem::Grow(Node& node, std::uint64_t size) {
  if (size <= node.content.size()) return OkStatus();
  const std::uint64_t more = size - node.content.size();
  if (used_ + more > space_) return Error(ErrorCode::kNoSpace, "no space left");
  used_ += more;
  return OkStatus();
}

Result<std::unique_ptr<File>> MemoryFileSystem::Open(const std::string& path, OpenOptions options) {
  MutexLock lock(mutex_);
  NodePtr node = Find(path);
  if (node && options.mode == OpenOptions::Mode::kCreate) {
    return Error(ErrorCode::kConflict, path + " exists");
  }
  if (node && node->is_directory) return Error(ErrorCode::kIo, path + " is a directory");
  if (!node) {
    const bool may_create = options.mode == OpenOptions::Mode::kCreate ||
                            options.mode == OpenOptions::Mode::kOpenOrCreate;
    if (!may_create) return NotFound(path);
    if (!Find(ParentPath(path))) return NotFound(ParentPath(path));
    node = std::make_shared<Node>();
    names_[path] = node;
  }
  const bool direct = options.direct && options.mode != OpenOptions::Mode::kRead;
  const std::size_t alignment = direct && direct_alignment_ > 0 ? direct_alignment_ : 1;
  return std::unique_ptr<File>(
      std::make_unique<MemoryFile>(*this, std::move(node), alignment, generation_));
}

Result<std::vector<DirectoryEntry>> MemoryFileSystem::List(const std::string& directory) {
  MutexLock lock(mutex_);
  const NodePtr node = Find(directory);
  if (!node || !node->is_directory) return NotFound(directory);
  std::vector<DirectoryEntry> entries;
  for (const auto& [path, child] : names_) {
    if (path != directory && ParentPath(path) == directory) {
      entries.push_back({path.substr(JoinPath(directory, "").size()), child->is_directory});
    }
  }
  return entries;
}

Result<bool> MemoryFileSystem::Exists(const std::string& path) {
  MutexLock lock(mutex_);
  return Find(path) != nullptr;
}

Status MemoryFileSystem::CreateDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  if (const NodePtr node = Find(path)) {
    if (node->is_directory) return OkStatus();
    return Error(ErrorCode::kConflict, path + " is a file");
  }
  const auto node = std::make_shared<Node>();
  node->is_directory = true;
  names_[path] = node;
  // Roots have no parent that anybody would sync.
  if (!Find(ParentPath(path))) durable_names_[path] = node;
  return OkStatus();
}

Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  if (!Find(from)) return NotFound(from);
  const std::string below = JoinPath(from, "");
  std::vector<std::pair<std::string, NodePtr>> moved;
  for (auto it = names_.begin(); it != names_.end();) {
    if (it->first == from) {
      moved.emplace_back(to, it->second);
    } else if (it->first.starts_with(below)) {
      moved.emplace_back(JoinPath(to, it->first.substr(below.size())), it->second);
    } else {
      ++it;
      continue;
    }
    it = names_.erase(it);
  }
  for (auto& [path, node] : moved) names_[path] = std::move(node);
  return OkStatus();
}

Status MemoryFileSystem::Remove(const std::string& path) {
  MutexLock lock(mutex_);
  const NodePtr node = Find(path);
  if (!node) return NotFound(path);
  const std::string below = JoinPath(path, "");
  const auto next = names_.upper_bound(path);
  if (node->is_directory && next != names_.end() && next->first.starts_with(below)) {
    return Error(ErrorCode::kConflict, path + " is not empty");
  }
  used_ -= node->content.size();
  names_.erase(path);
  return OkStatus();
}

Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  if (!Find(path)) return NotFound(path);
  // A directory that was renamed or removed takes what is below it along.
  for (auto it = durable_names_.begin(); it != durable_names_.end();) {
    const bool here = ParentPath(it->first) == path;
    const auto now = names_.find(it->first);
    if (!here || (now != names_.end() && now->second == it->second)) {
      ++it;
      continue;
    }
    const std::string below = JoinPath(it->first, "");
    it = durable_names_.erase(it);
    while (it != durable_names_.end() && it->first.starts_with(below)) {
      it = durable_names_.erase(it);
    }
  }
  for (const auto& [name, node] : names_) {
    if (ParentPath(name) != path) continue;
    const bool is_new = !durable_names_.contains(name);
    durable_names_[name] = node;
    if (!is_new || !node->is_directory) continue;
    // A moved directory's entries were made durable under its old name.
    const std::string below = JoinPath(name, "");
    for (auto it = names_.upper_bound(below); it != names_.end() && it->first.starts_with(below);
         ++it) {
      if (!it->second->durable.empty() || it->second->is_directory) {
        durable_names_[it->first] = it->second;
      }
    }
  }
  return OkStatus();
}

Status MemoryFileSystem::ReadDirect(const std::string& path, std::uint64_t position,
                                    std::span<std::byte> out) {
  QALAM_ASSIGN_OR_RETURN(const auto file, Open(path, {}));
  return file->ReadAt(position, out);
}

Result<std::uint64_t> MemoryFileSystem::FreeBytes(const std::string&) {
  MutexLock lock(mutex_);
  return space_ - std::min(space_, used_);
}

std::size_t MemoryFileSystem::ProbeDirectAlignment(const std::string&) { return direct_alignment_; }

void MemoryFileSystem::Crash(std::uint64_t seed) {
  MutexLock lock(mutex_);
  ++generation_;
  names_ = durable_names_;
  used_ = 0;
  for (auto& [path, node] : names_) {
    std::uint64_t state = seed;
    for (const Change& change : node->pending) {
      if (seed == 0) break;
      if (change.resize) {
        if ((NextRandom(state) & 1) != 0) {
          node->durable.resize(static_cast<std::size_t>(change.position));
        }
        continue;
      }
      std::size_t at = 0;
      while (at < change.bytes.size()) {
        const std::uint64_t place = change.position + at;
        const std::size_t count =
            std::min<std::size_t>(change.bytes.size() - at,
                                  kSectorBytes - static_cast<std::size_t>(place % kSectorBytes));
        if ((NextRandom(state) & 1) != 0) {
          Put(node->durable, place, BytesView(change.bytes).subspan(at, count));
        }
        at += count;
      }
    }
    node->pending.clear();
    node->content = node->durable;
    used_ += node->content.size();
  }
}

void MemoryFileSystem::SetSpace(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  space_ = bytes;
}

std::uint64_t MemoryFileSystem::syncs() const {
  MutexLock lock(mutex_);
  return syncs_;
}

Bytes MemoryFileSystem::Content(const std::string& path) const {
  MutexLock lock(mutex_);
  const NodePtr node = Find(path);
  return node ? node->content : Bytes();
}

void MemoryFileSystem::SetContent(const std::string& path, Bytes content) {
  MutexLock lock(mutex_);
  NodePtr node = Find(path);
  if (!node) node = std::make_shared<Node>();
  used_ -= node->content.size();
  used_ += content.size();
  node->content = content;
  node->durable = std::move(content);
  node->pending.clear();
  names_[path] = node;
  durable_names_[path] = node;
}

}  // namespace qalam
