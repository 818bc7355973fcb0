#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "common/record/batch_builder.h"
#include "common/record/batch_validator.h"
#include "common/record/batch_view.h"

// Records a second on one core: 100 B values, null keys, batches of the given KiB.
// `items_per_second` is the figure; the floor for encode, validate and read of plain batches is 50
// M.
//   build/release/tests/bench/record_bench
namespace qalam {
namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;
constexpr std::size_t kValueBytes = 100;
constexpr std::size_t kKiB = 1024;

// Text-like: words of a small alphabet, so that compressors have ordinary work.
std::string Value() {
  std::string value;
  unsigned state = 12345;
  while (value.size() < kValueBytes) {
    state = state * 1103515245 + 12345;
    value += static_cast<char>('a' + (state >> 16) % 16);
  }
  return value;
}

void Fill(BatchBuilder& builder, BytesView value, std::size_t batch_bytes) {
  const std::size_t record_bytes_max = BatchBuilder::RecordBytesMax(0, value.size());
  TimestampMs timestamp = kNow;
  while (builder.size_bytes() + record_bytes_max <= batch_bytes) {
    builder.Add(timestamp, std::nullopt, value);
    timestamp += builder.records_count() & 1;
  }
}

Bytes MakeBatch(std::size_t batch_bytes, CompressionType compression) {
  const std::string value = Value();
  BatchBuilder builder(batch_bytes);
  Fill(builder, AsBytes(value), batch_bytes);
  return builder.Finish({.compression = compression});
}

void Report(benchmark::State& state, std::int64_t records, std::size_t plain_bytes) {
  state.SetItemsProcessed(records);
  state.SetBytesProcessed(static_cast<std::int64_t>(plain_bytes) *
                          static_cast<std::int64_t>(state.iterations()));
}

void Encode(benchmark::State& state, CompressionType compression) {
  const auto batch_bytes = static_cast<std::size_t>(state.range(0)) * kKiB;
  const std::string value = Value();
  BatchBuilder builder(batch_bytes);
  std::int64_t records = 0;
  std::size_t plain_bytes = 0;
  for (auto _ : state) {
    Fill(builder, AsBytes(value), batch_bytes);
    records += builder.records_count();
    plain_bytes = builder.size_bytes();
    Bytes batch = builder.Finish({.compression = compression});
    benchmark::DoNotOptimize(batch.data());
  }
  Report(state, records, plain_bytes);
}

// As the client's producer does it: the batch is sent from the builder's own buffer.
void EncodeInPlace(benchmark::State& state) {
  const auto batch_bytes = static_cast<std::size_t>(state.range(0)) * kKiB;
  const std::string value = Value();
  BatchBuilder builder(batch_bytes);
  std::int64_t records = 0;
  std::size_t plain_bytes = 0;
  for (auto _ : state) {
    Fill(builder, AsBytes(value), batch_bytes);
    records += builder.records_count();
    const BytesView batch = builder.FinishInPlace({});
    plain_bytes = batch.size();
    benchmark::DoNotOptimize(batch.data());
    benchmark::ClobberMemory();
    builder.Clear();
  }
  Report(state, records, plain_bytes);
}

void Validate(benchmark::State& state, CompressionType compression) {
  const Bytes batch = MakeBatch(static_cast<std::size_t>(state.range(0)) * kKiB, compression);
  const std::size_t plain_bytes =
      MakeBatch(static_cast<std::size_t>(state.range(0)) * kKiB, CompressionType::kNone).size();
  std::int64_t records = 0;
  for (auto _ : state) {
    const auto validated = ValidateBatch(batch, {}, kNow);
    if (!validated.ok()) std::abort();
    records += validated->header.records_count;
  }
  Report(state, records, plain_bytes);
}

template <typename Walk>
void Read(benchmark::State& state, Walk walk) {
  const Bytes batch =
      MakeBatch(static_cast<std::size_t>(state.range(0)) * kKiB, CompressionType::kNone);
  const BatchHeader header = BatchHeader::Decode(batch);
  std::int64_t records = 0;
  for (auto _ : state) {
    RecordCursor cursor(header, BytesView(batch).subspan(kBatchHeaderBytes));
    const std::size_t bytes = walk(cursor);
    benchmark::DoNotOptimize(bytes);
    records += header.records_count;
  }
  Report(state, records, batch.size());
}

std::size_t WalkAll(RecordCursor& cursor) {
  std::size_t bytes = 0;
  cursor.Walk([&](const RecordView& record) {
    bytes += record.value->size();
    return true;
  });
  if (!cursor.status().ok()) std::abort();
  return bytes;
}

std::size_t WalkByNext(RecordCursor& cursor) {
  std::size_t bytes = 0;
  while (true) {
    const auto next = cursor.Next();
    if (!next.ok()) std::abort();
    if (!next.value()) return bytes;
    bytes += next.value()->value->size();
  }
}

constexpr int kSmallKiB = 16;
constexpr int kMediumKiB = 64;
constexpr int kLargeKiB = 1024;

void Sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(kSmallKiB)->Arg(kMediumKiB)->Arg(kLargeKiB)->ArgName("KiB");
}
void OneSize(benchmark::internal::Benchmark* bench) { bench->Arg(kMediumKiB)->ArgName("KiB"); }

BENCHMARK_CAPTURE(Encode, plain, CompressionType::kNone)->Apply(Sizes);
BENCHMARK(EncodeInPlace)->Apply(Sizes);
BENCHMARK_CAPTURE(Validate, plain, CompressionType::kNone)->Apply(Sizes);
BENCHMARK_CAPTURE(Read, walk, WalkAll)->Apply(Sizes);
BENCHMARK_CAPTURE(Read, next, WalkByNext)->Apply(Sizes);
BENCHMARK_CAPTURE(Encode, gzip, CompressionType::kGzip)->Apply(OneSize);
BENCHMARK_CAPTURE(Encode, snappy, CompressionType::kSnappy)->Apply(OneSize);
BENCHMARK_CAPTURE(Encode, lz4, CompressionType::kLz4)->Apply(OneSize);
BENCHMARK_CAPTURE(Encode, zstd, CompressionType::kZstd)->Apply(OneSize);
BENCHMARK_CAPTURE(Validate, gzip, CompressionType::kGzip)->Apply(OneSize);
BENCHMARK_CAPTURE(Validate, snappy, CompressionType::kSnappy)->Apply(OneSize);
BENCHMARK_CAPTURE(Validate, lz4, CompressionType::kLz4)->Apply(OneSize);
BENCHMARK_CAPTURE(Validate, zstd, CompressionType::kZstd)->Apply(OneSize);

}  // namespace
}  // namespace qalam

BENCHMARK_MAIN();
