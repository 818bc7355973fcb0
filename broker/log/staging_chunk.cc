#include "broker/log/staging_chunk.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/huge_pages.h"
#include "common/mutex.h"
#include "common/no_memory.h"

namespace qalam {
namespace {

std::byte* Map(std::size_t size) {
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) ThrowNoMemory();
  return static_cast<std::byte*>(memory);
}

std::byte* MapPages(std::size_t size) {
  if (size < kHugePageBytes) return Map(size);
  std::byte* const memory = Map(size + kHugePageBytes);
  const std::size_t before =
      (kHugePageBytes - reinterpret_cast<std::uintptr_t>(memory) % kHugePageBytes) % kHugePageBytes;
  if (before > 0) ::munmap(memory, before);
  if (before < kHugePageBytes) ::munmap(memory + before + size, kHugePageBytes - before);
  PreferHugePages(memory + before, size);
  return memory + before;
}

// Buffers that were used once have their pages: taking them again saves a fault a page.
class BufferPool {
 public:
  struct Buffer {
    std::byte* memory = nullptr;
    std::size_t size = 0;
  };

  // At least `size`; large ones come in powers of two, so that one fits where another was.
  Buffer Take(std::size_t size) {
    if (size >= kSizeMin) size = std::bit_ceil(size);
    {
      MutexLock lock(mutex_);
      // The one given last is the likeliest to be in a processor's cache.
      const auto found = std::find_if(kept_.rbegin(), kept_.rend(),
                                      [&](const Buffer& buffer) { return buffer.size == size; });
      if (found != kept_.rend()) {
        const Buffer taken = *found;
        kept_.erase(std::next(found).base());
        kept_bytes_ -= taken.size;
        return taken;
      }
    }
    return {MapPages(size), size};
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
  static constexpr std::size_t kKeptBytesMax = std::size_t{32} << 20;
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
