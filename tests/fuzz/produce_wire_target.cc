#include <string>
#include <vector>

#include "broker/wire/log_codec.h"
#include "broker/wire/produce_codec.h"
#include "common/check.h"
#include "qalam/v1/log.pb.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

namespace qalam::fuzz {
namespace {

// The message in pieces of `step`, then `step + 1`, ... bytes; 0: in one.
std::vector<SharedSlice> Slices(BytesView message, std::size_t step) {
  std::vector<SharedSlice> slices;
  if (step == 0) step = message.size() + 1;
  while (!message.empty()) {
    const std::size_t size = std::min(step++, message.size());
    slices.push_back(SharedSlice::Copy(message.first(size)));
    message = message.subspan(size);
  }
  return slices;
}

void CheckOpen(const ProduceOpen& open, const v1::ProduceRequest& request) {
  QALAM_CHECK(request.has_open());
  QALAM_CHECK(open.partition.topic == request.open().topic());
  QALAM_CHECK(open.partition.partition == request.open().partition());
  QALAM_CHECK(open.client_id == request.open().client_id());
}

void CheckBatch(const ProduceBatchMessage& batch, const v1::ProduceRequest& request) {
  QALAM_CHECK(request.has_batch());
  QALAM_CHECK(batch.batch_id == request.batch().batch_id());
  QALAM_CHECK(batch.expected_offset.has_value() == request.batch().has_expected_offset());
  QALAM_CHECK(batch.expected_offset.value_or(0) == request.batch().expected_offset());
  QALAM_CHECK(AsText(batch.batch.view()) == request.batch().batch());
}

// step u8 | one ProduceRequest. Ours reads it as protobuf's own parser does.
void RunProduceWire(BytesView input) {
  FuzzInput in(input);
  const std::uint8_t step = in.Byte();
  const BytesView message = in.Rest();
  const auto decoded = DecodeProduceRequest(Slices(message, step));
  const auto whole = DecodeProduceRequest(Slices(message, 0));
  QALAM_CHECK(decoded.ok() == whole.ok());
  if (!decoded.ok()) return;
  QALAM_CHECK(decoded->index() == whole->index());

  v1::ProduceRequest request;
  const bool parsed = request.ParseFromArray(message.data(), static_cast<int>(message.size()));
  // The one leniency: what is in `restart`, or in a batch that `restart` replaced, is not looked
  // at.
  if (std::holds_alternative<ProduceRestart>(*decoded)) return;
  if (!parsed) return;
  if (const auto* open = std::get_if<ProduceOpen>(&*decoded)) CheckOpen(*open, request);
  if (const auto* batch = std::get_if<ProduceBatchMessage>(&*decoded)) CheckBatch(*batch, request);
}

}  // namespace

const FuzzTarget kProduceWireTarget = {"produce_wire", RunProduceWire, nullptr};

}  // namespace qalam::fuzz
