#include "broker/log/staging_chunk.h"

#include <sys/mman.h>

#include <utility>
#include <vector>

#include "common/check.h"
#include "common/mutex.h"

namespace qalam {
namespace {

// Buffers that were used once have their pages: taking them again saves a fault a page.
class BufferPool {
 public:
  std::byte* Take(std::size_t size) {
    {
      MutexLock lock(mutex_);
      for (auto& [memory, kept_size] : kept_) {
        if (kept_size != size) continue;
        std::byte* const taken = memory;
        memory = kept_.back().first;
        kept_size = kept_.back().second;
        kept_.pop_back();
        return taken;
      }
    }
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    QALAM_CHECK(memory != MAP_FAILED);
    return static_cast<std::byte*>(memory);
  }
  void Give(std::byte* memory, std::size_t size) {
    {
      MutexLock lock(mutex_);
      if (size >= kSizeMin && kept_.size() < kKeptMax) {
        kept_.emplace_back(memory, size);
        return;
      }
    }
    ::munmap(memory, size);
  }
  static BufferPool& Get() {
    static auto* pool = new BufferPool;  // Chunks may outlive static destruction.
    return *pool;
  }

 private:
  static constexpr std::size_t kSizeMin = std::size_t{1} << 20;
  static constexpr std::size_t kKeptMax = 8;
  Mutex mutex_;
  std::vector<std::pair<std::byte*, std::size_t>> kept_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace

StagingChunk::StagingChunk(std::size_t capacity, std::uint64_t file_start)
    : capacity_(capacity), file_start_(file_start), memory_(BufferPool::Get().Take(capacity)) {
  QALAM_CHECK(capacity % kAlignment == 0 && file_start % kAlignment == 0);
}

StagingChunk::~StagingChunk() { BufferPool::Get().Give(memory_, capacity_); }

BytesView StagingChunk::view(std::uint64_t from, std::uint64_t to) const {
  QALAM_CHECK(file_start_ <= from && from <= to && to <= file_end());
  return BytesView(memory_ + (from - file_start_), static_cast<std::size_t>(to - from));
}

}  // namespace qalam
