#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/bytes.h"

namespace qalam::fuzz {

// Something that reads bytes from outside, and what must hold whatever they are. A target is linked
// twice: with libFuzzer (preset `fuzz`, scripts/fuzz) and, with every compiler, into fuzz_replay,
// which runs the inputs in tests/fuzz/corpus/<name> as tests. Thread: one.
struct FuzzTarget {
  std::string_view name;
  // Aborts (QALAM_CHECK, a sanitizer) where something does not hold. Keeps nothing between inputs
  // that could make the same input behave otherwise.
  void (*run)(BytesView input);
  // Makes mutated bytes credible where what is behind a checksum or a length would never be
  // reached otherwise; `random` chooses what to leave wrong. Null: nothing to repair.
  void (*repair)(std::span<std::byte> input, std::uint64_t random);
};

extern const FuzzTarget kBatchTarget;        // One RecordBatch from a client.
extern const FuzzTarget kCodecTarget;        // Decompressors, bombs.
extern const FuzzTarget kRecoveryTarget;     // A segment's bytes, opened after a crash.
extern const FuzzTarget kIndexTarget;        // Index files and sidecar beside a good log.
extern const FuzzTarget kCheckpointTarget;   // The small files of a partition and a directory.
extern const FuzzTarget kProducersTarget;    // Producer snapshots.
extern const FuzzTarget kDumpTarget;         // The offline tools on damaged files.
extern const FuzzTarget kMetadataTarget;     // What the metadata store holds.
extern const FuzzTarget kConfigTarget;       // TOML, --set, addresses, topic settings.
extern const FuzzTarget kHttpTextTarget;     // Bodies, targets, headers and page tokens of HTTP.
extern const FuzzTarget kFormatTarget;       // --format, --from, JSON records, records read back.
extern const FuzzTarget kProduceWireTarget;  // ProduceRequest by hand against protobuf's parser.
extern const FuzzTarget kClientWireTarget;   // What a broker sends to our client.
extern const FuzzTarget kRpcTarget;          // Every method of every service, over a connection.
extern const FuzzTarget kFramesTarget;       // What local processes say to the owner.
extern const FuzzTarget kRingTarget;         // A decision ring's file, and the stories in it.
extern const FuzzTarget kHistoryTarget;      // The checker's history files.

}  // namespace qalam::fuzz
