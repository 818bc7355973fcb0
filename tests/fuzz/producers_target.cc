#include <optional>

#include "broker/log/producer_state.h"
#include "common/check.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/repair.h"

namespace qalam::fuzz {
namespace {

constexpr std::size_t kCrcAt = 2;
constexpr std::size_t kCrcStart = 6;

BatchHeader NextBatch(FuzzInput& in) {
  BatchHeader batch;
  const std::uint8_t who = in.Byte();
  batch.producer_id = who % 4;
  batch.producer_epoch = static_cast<std::int16_t>(who / 4 % 3);
  batch.base_sequence = in.Byte();
  if (who >= 128) batch.base_sequence += INT32_MAX - 255;
  batch.last_offset_delta = in.Byte() % 8;
  batch.records_count = batch.last_offset_delta + 1;
  return batch;
}

// snapshot part | batches of a few producers, appended where they may be
void RunProducers(BytesView input) {
  FuzzInput in(input);
  auto decoded = ProducerState::DecodeSnapshot(in.Part());
  if (decoded.ok()) {
    const Bytes encoded = decoded->EncodeSnapshot();
    const auto again = ProducerState::DecodeSnapshot(encoded);
    QALAM_CHECK(again.ok() && again->EncodeSnapshot() == encoded);
  }
  ProducerState state = decoded.ok() ? std::move(*decoded) : ProducerState();
  Offset end = 1'000'000;
  while (!in.empty()) {
    BatchHeader batch = NextBatch(in);
    const auto verdict = state.Check(batch);
    if (!verdict.ok() || verdict->duplicate) continue;
    batch.base_offset = end;
    state.OnAppended(batch);
    end = batch.next_offset();
    // A retry is known for one, and where it went.
    const auto retried = state.Check(batch);
    QALAM_CHECK(retried.ok() && retried->duplicate && retried->base_offset == batch.base_offset &&
                retried->last_offset == batch.last_offset());
    // So it is after a restart.
    const auto restarted = ProducerState::DecodeSnapshot(state.EncodeSnapshot());
    QALAM_CHECK(restarted.ok());
    const auto after = restarted->Check(batch);
    QALAM_CHECK(after.ok() && after->duplicate && after->base_offset == batch.base_offset);
  }
  state.SweepIdle(0);
  QALAM_CHECK(state.size() == 0);
}

void RepairProducersInput(std::span<std::byte> input, std::uint64_t random) {
  if (input.size() < 2 || random % 4 == 0) return;
  const std::size_t size = std::min<std::size_t>(FuzzInput(input).Short(), input.size() - 2);
  const auto snapshot = input.subspan(2, size);
  if (size > kCrcStart) RepairCrc(snapshot.subspan(kCrcStart), &snapshot[kCrcAt]);
}

}  // namespace

const FuzzTarget kProducersTarget = {"producers", RunProducers, RepairProducersInput};

}  // namespace qalam::fuzz
