// What the client library costs per record, without a broker: taking records, and handing them out.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "client/record_accumulator.h"
#include "client/record_decoder.h"
#include "common/record/batch_builder.h"
#include "common/record/batch_header.h"

namespace qalam::abi0 {
namespace {

constexpr std::size_t kRecordBytes = 100;

// Records of 100 bytes into batches of 256 KiB, each sealed, stamped with its CRC and recycled.
void BM_Accumulate(benchmark::State& state) {
  BufferPool pool(std::size_t{4} << 20);
  AccumulatorOptions options;
  RecordAccumulator accumulator(options, pool);
  const std::string value(kRecordBytes, 'v');
  RecordRef record;
  record.value = value;
  std::int32_t sequence = 0;
  for (auto _ : state) {
    const std::size_t bytes = RecordAccumulator::RecordBytes(record);
    if (accumulator.MustSealBefore(bytes)) {
      BatchPtr batch = accumulator.Seal();
      benchmark::DoNotOptimize(batch->buffer->Stamp({1, 0}, sequence).data());
      sequence = BatchHeader::AddSequence(sequence, batch->records_count);
      pool.Give(std::move(batch->buffer));
    }
    accumulator.Add(record, 1'700'000'000'000, 0, {});
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Accumulate);

// One message of four batches of 256 KiB: CRC, bounds, views, and a walk over them.
void BM_DecodeAndIterate(benchmark::State& state) {
  Bytes message;
  std::int64_t offset = 0;
  for (int i = 0; i < 4; ++i) {
    BatchBuilder builder;
    const std::string value(kRecordBytes, 'v');
    while (builder.size_bytes() < (std::size_t{256} << 10)) {
      builder.Add(1'700'000'000'000, std::nullopt, AsBytes(value));
    }
    const std::int32_t count = builder.records_count();
    Bytes batch = builder.Finish({});
    StampBatch(std::span(batch).first<kBatchHeaderBytes>(), offset, 1);
    offset += count;
    message.insert(message.end(), batch.begin(), batch.end());
  }
  auto pool = std::make_shared<StoragePool>();
  DecodeOptions options;
  options.decompressed_bytes_max = std::size_t{100} << 20;
  for (auto _ : state) {
    auto storage = pool->Take();
    if (storage->received == nullptr) storage->received = std::make_shared<RawBuffer>();
    std::memcpy(storage->received->Resize(message.size()), message.data(), message.size());
    DecodeResult progress;
    RecordDecoder decoder(storage->received);
    if (!decoder.Next(options, *storage, progress).ok()) state.SkipWithError("not decoded");
    std::size_t bytes = 0;
    for (const RecordView& record : storage->records) bytes += record.value()->size();
    benchmark::DoNotOptimize(bytes);
    pool->Give(std::move(storage));
  }
  state.SetItemsProcessed(state.iterations() * offset);
}
BENCHMARK(BM_DecodeAndIterate);

}  // namespace
}  // namespace qalam::abi0
