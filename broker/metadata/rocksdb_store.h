#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "broker/metadata/metadata_store.h"
#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

struct RocksdbOptions {
  std::string directory;   // DIR/metadata
  std::string guard_path;  // DIR/metadata.guard, see revision_guard.h
  // A store that is not there may be made. Only for a data directory without any log.
  bool may_create = false;
  // Opens whatever can be read, without a guard, and never writes: for rebuilding.
  bool salvage = false;
};

// The metadata of one node in RocksDB, set up for few, small, synced writes: a few MiB of memory,
// one background thread. Every value carries the revision of its last change and a checksum over
// key and value. A write is durable in RocksDB's log, then in the guard, then answered.
//   data/<key> -> {crc32c, revision, value}      revision -> {crc32c, revision}
// A failed write or sync, except for lack of space, ends the store: every later write is refused,
// reading goes on. Thread: any; one write at a time.
//
// Open errors: kMetadataMissing (the guard says there was a store, but there is none, or an empty
// one), kMetadataDamaged (RocksDB can't open it, a checksum is wrong, or it is older than its guard
// says), kIo, kNoSpace. Nothing was then changed on disk.
Result<std::unique_ptr<MetadataStore>> OpenRocksdbStore(FileSystem& fs, RocksdbOptions options);

// What DIR/metadata.guard and DIR/log say about whether a store may be made, then
// OpenRocksdbStore. A directory with logs never gets a fresh store. Errors: the same.
Result<std::unique_ptr<MetadataStore>> OpenMetadata(FileSystem& fs,
                                                    const std::string& data_directory);

}  // namespace qalam
