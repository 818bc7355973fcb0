#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <vector>

#include "client/record_decoder.h"
#include "client/wire_codec.h"
#include "client/wire_error.h"
#include "common/check.h"
#include "qalam/v1/log.pb.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/repair.h"

namespace qalam::fuzz {
namespace {

enum class SentKind { kBatches, kTail, kProduce, kStatus, kCount };

grpc::ByteBuffer BufferOf(BytesView bytes, std::size_t step) {
  if (step == 0) step = bytes.size() + 1;
  std::vector<grpc::Slice> slices;
  while (!bytes.empty()) {
    const std::size_t size = std::min(step, bytes.size());
    slices.emplace_back(bytes.data(), size);
    bytes = bytes.subspan(size);
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

// Received batches become records, a few at a time; a bad one is an error with its offset.
void RunBatches(const std::shared_ptr<abi0::RawBuffer>& received, std::int64_t from) {
  abi0::RecordDecoder decoder(received);
  abi0::DecodeOptions options;
  options.from_offset = from;
  options.decompressed_bytes_max = std::size_t{256} << 10;
  options.records_max = 16;
  abi0::DecodeResult progress;
  progress.next_offset = from;
  for (int i = 0; i < 64 && !decoder.done(); ++i) {
    abi0::Batch::Storage storage;
    storage.topic = "orders";
    storage.partition = 0;
    const abi0::Status status = decoder.Next(options, storage, progress);
    for (const abi0::RecordView& record : storage.records) {
      QALAM_CHECK(record.offset() >= from);
      abi0::HeaderReader headers = record.headers();
      std::int32_t count = 0;
      while (headers.Next()) ++count;
      QALAM_CHECK(count == record.headers_count());
    }
    if (!status.ok() || progress.reached_until) return;
  }
}

void RunTail(BytesView bytes, std::size_t step) {
  grpc::ByteBuffer message = BufferOf(bytes, step);
  auto received = std::make_shared<abi0::RawBuffer>();
  const auto decoded = abi0::DecodeTailResponse(message, *received);
  v1::TailResponse expected;
  const bool parsed = expected.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  QALAM_CHECK(!parsed || decoded.has_value());
  if (!decoded) return;
  if (parsed) {
    QALAM_CHECK(AsText(received->view()) == expected.batches());
    QALAM_CHECK(decoded->next_offset == expected.next_offset());
    QALAM_CHECK(decoded->high_watermark == expected.high_watermark());
    QALAM_CHECK(decoded->leader_epoch == expected.leader_epoch());
  }
  RunBatches(received, 0);
}

// kind u8 | step u8 | what a broker sent
void RunClientWire(BytesView input) {
  FuzzInput in(input);
  const auto kind = static_cast<SentKind>(in.Byte() % static_cast<int>(SentKind::kCount));
  const std::size_t step = in.Byte();
  const BytesView bytes = in.Rest();
  if (kind == SentKind::kBatches) {
    auto received = std::make_shared<abi0::RawBuffer>();
    std::copy(bytes.begin(), bytes.end(), received->Resize(bytes.size()));
    RunBatches(received, static_cast<std::int64_t>(step) - 1);
  } else if (kind == SentKind::kTail) {
    RunTail(bytes, step);
  } else if (kind == SentKind::kProduce) {
    grpc::ByteBuffer message = BufferOf(bytes, step);
    (void)abi0::DecodeProduceResponse(message, "127.0.0.1:7420");
  } else {
    const grpc::Status status(static_cast<grpc::StatusCode>(1 + step % 16), "refused",
                              std::string(AsText(bytes)));
    (void)abi0::HasErrorInfo(status);
    const abi0::Error error = abi0::ErrorFromGrpc(status, "127.0.0.1:7420");
    QALAM_CHECK(!error.code().empty());
  }
}

void RepairClientWireInput(std::span<std::byte> input, std::uint64_t random) {
  if (input.size() < 3) return;
  if (static_cast<int>(input[0]) % static_cast<int>(SentKind::kCount) != 0) return;
  RepairBatches(input.subspan(2), random % 2 == 0 ? std::optional<Offset>(0) : std::nullopt);
}

}  // namespace

const FuzzTarget kClientWireTarget = {"client_wire", RunClientWire, RepairClientWireInput};

}  // namespace qalam::fuzz
