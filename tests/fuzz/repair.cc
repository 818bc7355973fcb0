#include "tests/fuzz/repair.h"

#include <algorithm>
#include <string_view>

#include "common/byte_order.h"
#include "common/crc32c.h"
#include "common/record/batch_header.h"

namespace qalam::fuzz {

void RepairCrc(std::span<const std::byte> covered, std::byte* crc) {
  StoreBig32(crc, Crc32c(covered));
}

void PutHex(std::uint32_t crc, std::span<std::byte> to) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < 8 && i < to.size(); ++i) {
    to[i] = static_cast<std::byte>(kDigits[crc >> (28 - 4 * i) & 0xf]);
  }
}

void RepairBatch(std::span<std::byte> batch) {
  if (batch.size() < kBatchHeaderBytes) return;
  BatchHeader header = BatchHeader::Decode(batch);
  header.magic = kBatchMagic;
  header.batch_length = static_cast<std::int32_t>(batch.size() - kBatchLengthPrefixBytes);
  header.Encode(batch.first<kBatchHeaderBytes>());
  header.crc = BatchCrc(batch.first<kBatchHeaderBytes>(), batch.subspan(kBatchHeaderBytes));
  header.Encode(batch.first<kBatchHeaderBytes>());
}

void RepairBatches(std::span<std::byte> bytes, std::optional<Offset> base) {
  while (bytes.size() >= kBatchHeaderBytes) {
    BatchHeader header = BatchHeader::Decode(bytes);
    if (header.batch_length == 0) return;
    auto size = static_cast<std::size_t>(std::max<std::int64_t>(header.size_bytes(), 0));
    if (size < kBatchHeaderBytes || size > bytes.size()) size = bytes.size();
    if (base) {
      header.base_offset = *base;
      header.Encode(bytes.first<kBatchHeaderBytes>());
      base = header.next_offset();
    }
    RepairBatch(bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

}  // namespace qalam::fuzz
