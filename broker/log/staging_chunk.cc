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
  struct Buffer {
    std::byte* memory = nullptr;
    std::size_t size = 0;
  };

  // At least `size`; at most twice as much.
  Buffer Take(std::size_t size) {
    {
      MutexLock lock(mutex_);
      for (Buffer& buffer : kept_) {
        if (buffer.size < size || buffer.size / 2 > size) continue;
        const Buffer taken = std::exchange(buffer, kept_.back());
        kept_.pop_back();
        kept_bytes_ -= taken.size;
        return taken;
      }
    }
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    QALAM_CHECK(memory != MAP_FAILED);
    return {static_cast<std::byte*>(memory), size};
  }
  void Give(Buffer buffer) {
    {
      MutexLock lock(mutex_);
      if (buffer.size >= kSizeMin && kept_bytes_ + buffer.size <= kKeptBytesMax) {
        kept_.push_back(buffer);
        kept_bytes_ += buffer.size;
        return;
      }
    }
    ::munmap(buffer.memory, buffer.size);
  }
  static BufferPool& Get() {
    static auto* pool = new BufferPool;  // Chunks may outlive static destruction.
    return *pool;
  }

 private:
  static constexpr std::size_t kSizeMin = std::size_t{1} << 20;
  static constexpr std::size_t kKeptBytesMax = std::size_t{16} << 20;
  Mutex mutex_;
  std::vector<Buffer> kept_ QALAM_GUARDED_BY(mutex_);
  std::size_t kept_bytes_ QALAM_GUARDED_BY(mutex_) = 0;
};

}  // namespace

StagingChunk::StagingChunk(std::size_t capacity, std::uint64_t file_start)
    : file_start_(file_start) {
  QALAM_CHECK(capacity % kAlignment == 0 && file_start % kAlignment == 0);
  const BufferPool::Buffer buffer = BufferPool::Get().Take(capacity);
  memory_ = buffer.memory;
  capacity_ = buffer.size;
}

StagingChunk::~StagingChunk() { BufferPool::Get().Give({memory_, capacity_}); }

BytesView StagingChunk::view(std::uint64_t from, std::uint64_t to) const {
  QALAM_CHECK(file_start_ <= from && from <= to && to <= file_end());
  return BytesView(memory_ + (from - file_start_), static_cast<std::size_t>(to - from));
}

}  // namespace qalam
