#include "broker/metadata/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/metadata/revision_guard.h"
#include "common/bytes.h"
#include "common/crc32c.h"
#include "common/mutex.h"

namespace qalam {
namespace {

constexpr std::string_view kDataPrefix = "data/";
constexpr std::string_view kRevisionKey = "revision";
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kHeadBytes = kCrcBytes + 8;

// RocksDB wants a logger; ours says what matters.
class SilentLogger final : public rocksdb::Logger {
 public:
  SilentLogger() : rocksdb::Logger(rocksdb::InfoLogLevel::HEADER_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

// A full disk is tried again with the next write, not by a thread that polls: the two would be in
// each other's way.
class NoPolling final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

void AppendBig(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}
std::uint64_t ReadBig(std::string_view in) {
  std::uint64_t value = 0;
  for (const char c : in) value = (value << 8) | static_cast<std::uint8_t>(c);
  return value;
}

// {crc32c over key, revision and value; revision; value}, big-endian.
std::string EncodeValue(std::string_view key, std::uint64_t revision, std::string_view value) {
  std::string rest;
  rest.reserve(8 + value.size());
  AppendBig(rest, revision, 8);
  rest += value;
  std::string out;
  out.reserve(kCrcBytes + rest.size());
  AppendBig(out, Crc32cExtend(Crc32c(AsBytes(key)), AsBytes(rest)), kCrcBytes);
  return out + rest;
}

Error ErrorOf(const rocksdb::Status& status, const std::string& directory) {
  const std::string message = directory + ": " + status.ToString();
  if (status.IsNoSpace()) return Error(ErrorCode::kNoSpace, message);
  // A missing or unreadable file of RocksDB's comes as IOError, too.
  if (status.IsCorruption() || status.IsPathNotFound() || status.IsInvalidArgument()) {
    return Error(ErrorCode::kMetadataDamaged, message).With("path", directory);
  }
  return Error(ErrorCode::kIo, message).With("path", directory);
}

rocksdb::Options MakeOptions(bool create) {
  rocksdb::Options options;
  options.create_if_missing = create;
  options.error_if_exists = false;
  options.paranoid_checks = true;
  // A torn last record of RocksDB's log was never acknowledged; that nothing more is gone, the
  // guard knows.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.avoid_flush_during_recovery = true;
  options.avoid_flush_during_shutdown = true;
  options.info_log = std::make_shared<SilentLogger>();
  options.listeners.push_back(std::make_shared<NoPolling>());
  // Small: metadata is read once, at start, and written rarely.
  options.write_buffer_size = std::size_t{1} << 20;
  options.max_write_buffer_number = 2;
  options.arena_block_size = std::size_t{16} << 10;
  options.max_total_wal_size = std::uint64_t{4} << 20;
  options.max_manifest_file_size = std::uint64_t{1} << 20;
  options.manifest_preallocation_size = std::size_t{64} << 10;
  options.max_open_files = 32;
  options.max_file_opening_threads = 1;
  options.max_background_jobs = 1;
  options.max_subcompactions = 1;
  options.table_cache_numshardbits = 0;
  options.compression = rocksdb::kNoCompression;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(std::size_t{256} << 10, 0);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Result<std::unique_ptr<rocksdb::DB>> OpenReading(const std::string& directory);
Result<std::unique_ptr<rocksdb::DB>> OpenWriting(const std::string& directory, bool create);
Result<std::uint64_t> ReadRevision(rocksdb::DB& db, const std::string& directory);

class RocksdbStore final : public MetadataStore {
 public:
  RocksdbStore(FileSystem& fs, RocksdbOptions options, std::unique_ptr<rocksdb::DB> db,
               std::uint64_t revision, std::optional<RevisionGuard> guard)
      : fs_(fs),
        options_(std::move(options)),
        db_(std::move(db)),
        guard_(std::move(guard)),
        revision_(revision) {}

  Result<std::optional<Entry>> Get(std::string_view key) override {
    MutexLock lock(mutex_);
    return Read(key);
  }
  Result<std::vector<Entry>> List(std::string_view prefix) override;
  Result<std::uint64_t> CompareAndSet(std::vector<Change> changes) override;
  void Watch(std::string prefix, Watcher watcher) override;

 private:
  struct Watching {
    std::string prefix;
    Watcher watcher;
  };

  Result<Entry> Decode(std::string_view stored_key, std::string_view stored) const;
  Result<std::optional<Entry>> Read(std::string_view key) QALAM_REQUIRES(mutex_);
  Result<std::uint64_t> Write(const std::vector<Change>& changes) QALAM_REQUIRES(mutex_);
  // After a full disk: RocksDB takes no more writes until it is opened again.
  Status Reopen() QALAM_REQUIRES(mutex_);

  FileSystem& fs_;
  const RocksdbOptions options_;
  Mutex mutex_;
  std::unique_ptr<rocksdb::DB> db_ QALAM_GUARDED_BY(mutex_);  // Closed by its destructor.
  std::optional<RevisionGuard> guard_ QALAM_GUARDED_BY(mutex_);
  std::uint64_t revision_ QALAM_GUARDED_BY(mutex_);
  std::optional<Error> failed_ QALAM_GUARDED_BY(mutex_);
  bool was_full_ QALAM_GUARDED_BY(mutex_) = false;
  Mutex watch_mutex_;
  std::vector<Watching> watching_ QALAM_GUARDED_BY(watch_mutex_);
};

std::string StoredKey(std::string_view key) { return std::string(kDataPrefix) + std::string(key); }

// Revision and value of what is stored under `key`. Errors: kMetadataDamaged.
Result<std::pair<std::uint64_t, std::string_view>> Unpack(const std::string& directory,
                                                          std::string_view key,
                                                          std::string_view stored) {
  const auto damaged = [&](std::string_view what) {
    return Error(ErrorCode::kMetadataDamaged,
                 directory + ": entry \"" + std::string(key) + "\" " + std::string(what))
        .With("path", directory);
  };
  if (stored.size() < kHeadBytes) return damaged("is too short");
  const std::string_view rest = stored.substr(kCrcBytes);
  if (ReadBig(stored.substr(0, kCrcBytes)) != Crc32cExtend(Crc32c(AsBytes(key)), AsBytes(rest))) {
    return damaged("has a wrong checksum");
  }
  return std::pair(ReadBig(rest.substr(0, 8)), rest.substr(8));
}

Result<MetadataStore::Entry> RocksdbStore::Decode(std::string_view stored_key,
                                                  std::string_view stored) const {
  QALAM_ASSIGN_OR_RETURN(const auto unpacked, Unpack(options_.directory, stored_key, stored));
  return Entry{std::string(stored_key.substr(kDataPrefix.size())), std::string(unpacked.second),
               unpacked.first};
}

Result<std::optional<MetadataStore::Entry>> RocksdbStore::Read(std::string_view key) {
  if (!db_) return *failed_;
  const std::string stored_key = StoredKey(key);
  std::string stored;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), stored_key, &stored);
  if (status.IsNotFound()) return std::optional<Entry>();
  if (!status.ok()) return ErrorOf(status, options_.directory);
  QALAM_ASSIGN_OR_RETURN(Entry entry, Decode(stored_key, stored));
  return std::optional<Entry>(std::move(entry));
}

Result<std::vector<MetadataStore::Entry>> RocksdbStore::List(std::string_view prefix) {
  MutexLock lock(mutex_);
  if (!db_) return *failed_;
  const std::string from = StoredKey(prefix);
  std::vector<Entry> entries;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions()));
  for (at->Seek(from); at->Valid() && ToView(at->key()).starts_with(from); at->Next()) {
    Result<Entry> entry = Decode(ToView(at->key()), ToView(at->value()));
    if (entry.ok()) {
      entries.push_back(std::move(entry).value());
    } else if (!options_.salvage) {
      return entry.error();
    }
  }
  if (!at->status().ok() && !options_.salvage) return ErrorOf(at->status(), options_.directory);
  return entries;
}

Result<std::uint64_t> RocksdbStore::CompareAndSet(std::vector<Change> changes) {
  std::uint64_t revision = 0;
  {
    MutexLock lock(mutex_);
    QALAM_ASSIGN_OR_RETURN(revision, Write(changes));
  }
  MutexLock lock(watch_mutex_);
  for (Change& change : changes) {
    const bool deleted = !change.value.has_value();
    const Entry entry{change.key, std::move(change.value).value_or(""), revision};
    for (Watching& watching : watching_) {
      if (entry.key.starts_with(watching.prefix)) watching.watcher(entry, deleted);
    }
  }
  return revision;
}

Result<std::uint64_t> RocksdbStore::Write(const std::vector<Change>& changes) {
  if (failed_) return *failed_;
  if (options_.salvage) return Error(ErrorCode::kIo, options_.directory + " is open for reading");
  for (const Change& change : changes) {
    if (!change.expected_revision) continue;
    QALAM_ASSIGN_OR_RETURN(const auto entry, Read(change.key));
    const std::uint64_t now = entry ? entry->revision : 0;
    if (now != *change.expected_revision) {
      return Error(ErrorCode::kConflict, "metadata entry \"" + change.key + "\" is at revision " +
                                             std::to_string(now) + ", not " +
                                             std::to_string(*change.expected_revision))
          .With("key", change.key);
    }
  }
  if (changes.empty()) return revision_;
  if (was_full_) QALAM_RETURN_IF_ERROR(Reopen());
  const std::uint64_t revision = revision_ + 1;
  rocksdb::WriteBatch batch;
  for (const Change& change : changes) {
    const std::string key = StoredKey(change.key);
    const rocksdb::Status added = change.value
                                      ? batch.Put(key, EncodeValue(key, revision, *change.value))
                                      : batch.Delete(key);
    if (!added.ok()) return ErrorOf(added, options_.directory);
  }
  const rocksdb::Status counted =
      batch.Put(ToSlice(kRevisionKey), EncodeValue(kRevisionKey, revision, ""));
  if (!counted.ok()) return ErrorOf(counted, options_.directory);
  rocksdb::WriteOptions write_options;
  write_options.sync = true;
  const rocksdb::Status written = db_->Write(write_options, &batch);
  if (!written.ok()) {
    const Error error = ErrorOf(written, options_.directory);
    // Half a batch in RocksDB's log is cut by its checksum; the revision stays free for the next.
    if (error.code() == ErrorCode::kNoSpace) {
      was_full_ = true;
    } else {
      failed_ = error;
    }
    return error;
  }
  revision_ = revision;
  if (const Status guarded = guard_->Write(revision); !guarded.ok()) {
    failed_ = guarded.error();
    return guarded.error();
  }
  return revision;
}

Status RocksdbStore::Reopen() {
  constexpr std::uint64_t kRoomBytes = std::uint64_t{4} << 20;  // For its new log and manifest.
  QALAM_ASSIGN_OR_RETURN(const std::uint64_t free_bytes, fs_.FreeBytes(options_.directory));
  if (free_bytes < kRoomBytes) {
    return Error(ErrorCode::kNoSpace,
                 options_.directory + ": only " + std::to_string(free_bytes) + " bytes are free");
  }
  db_.reset();
  Result<std::unique_ptr<rocksdb::DB>> db = OpenWriting(options_.directory, false);
  const bool opened = db.ok();
  const std::optional<Error> refused = opened ? std::nullopt : std::optional(db.error());
  if (!opened) db = OpenReading(options_.directory);
  if (!db.ok()) {
    failed_ = db.error();  // Only a restart can tell what is left.
    return *failed_;
  }
  db_ = std::move(db).value();
  if (!opened) return *refused;
  // Had the refused batch become durable nevertheless, our caller's view would be wrong for good.
  QALAM_ASSIGN_OR_RETURN(const std::uint64_t revision, ReadRevision(*db_, options_.directory));
  if (revision != revision_) {
    failed_ = Error(ErrorCode::kIo,
                    options_.directory + ": a write that was refused became durable; restart");
    return *failed_;
  }
  was_full_ = false;
  return OkStatus();
}

void RocksdbStore::Watch(std::string prefix, Watcher watcher) {
  MutexLock lock(watch_mutex_);
  watching_.push_back({std::move(prefix), std::move(watcher)});
}

// 0: a store without any write.
Result<std::uint64_t> ReadRevision(rocksdb::DB& db, const std::string& directory) {
  std::string stored;
  const rocksdb::Status status = db.Get(rocksdb::ReadOptions(), ToSlice(kRevisionKey), &stored);
  if (status.IsNotFound()) return std::uint64_t{0};
  if (!status.ok()) return ErrorOf(status, directory);
  QALAM_ASSIGN_OR_RETURN(const auto unpacked, Unpack(directory, kRevisionKey, stored));
  return unpacked.first;
}

// Opens without changing a byte.
Result<std::unique_ptr<rocksdb::DB>> OpenReading(const std::string& directory) {
  rocksdb::DB* raw = nullptr;
  rocksdb::Options options = MakeOptions(false);
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, directory, &raw);
  if (!status.ok()) {
    return Error(ErrorCode::kMetadataDamaged, directory + ": " + status.ToString())
        .With("path", directory);
  }
  return std::unique_ptr<rocksdb::DB>(raw);
}

Result<std::unique_ptr<rocksdb::DB>> OpenWriting(const std::string& directory, bool create) {
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(MakeOptions(create), directory, &raw);
  if (!status.ok()) return ErrorOf(status, directory);
  return std::unique_ptr<rocksdb::DB>(raw);
}

enum class Found { kNothing, kRemains, kStore };
Result<Found> LookAt(FileSystem& fs, const std::string& directory) {
  QALAM_ASSIGN_OR_RETURN(const bool exists, fs.Exists(directory));
  if (!exists) return Found::kNothing;
  QALAM_ASSIGN_OR_RETURN(const auto entries, fs.List(directory));
  bool remains = false;
  for (const DirectoryEntry& entry : entries) {
    if (entry.name == "CURRENT") return Found::kStore;
    if (entry.name != "LOCK") remains = true;
  }
  return remains ? Found::kRemains : Found::kNothing;
}

Result<std::unique_ptr<MetadataStore>> Open(FileSystem& fs, RocksdbOptions options) {
  const std::string& directory = options.directory;
  QALAM_ASSIGN_OR_RETURN(const Found found, LookAt(fs, directory));
  if (options.salvage) {
    QALAM_ASSIGN_OR_RETURN(auto db, OpenReading(directory));
    QALAM_ASSIGN_OR_RETURN(const std::uint64_t revision, ReadRevision(*db, directory));
    return std::unique_ptr<MetadataStore>(
        std::make_unique<RocksdbStore>(fs, options, std::move(db), revision, std::nullopt));
  }
  QALAM_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> guarded,
                         RevisionGuard::Read(fs, options.guard_path));
  const bool may_create = options.may_create && !guarded;
  if (found == Found::kNothing && !may_create) {
    return Error(ErrorCode::kMetadataMissing, directory + " is missing or empty, " +
                                                  (guarded ? "but there was metadata here before"
                                                           : "but there are logs beside it"))
        .With("path", directory);
  }
  if (found == Found::kRemains && !may_create) {
    return Error(ErrorCode::kMetadataDamaged, directory + ": its file CURRENT is gone")
        .With("path", directory);
  }
  std::uint64_t revision = 0;
  if (found == Found::kStore && guarded) {
    // Looks before it opens for writing, since that already changes files.
    QALAM_ASSIGN_OR_RETURN(const auto reading, OpenReading(directory));
    QALAM_ASSIGN_OR_RETURN(revision, ReadRevision(*reading, directory));
    if (revision < *guarded) {
      return Error(ErrorCode::kMetadataDamaged,
                   directory + " ends at revision " + std::to_string(revision) + ", but revision " +
                       std::to_string(*guarded) +
                       " had been acknowledged: it is damaged, or an old copy")
          .With("path", directory)
          .With("revision", static_cast<std::int64_t>(revision))
          .With("acknowledged_revision", static_cast<std::int64_t>(*guarded));
    }
  }
  QALAM_RETURN_IF_ERROR(fs.CreateDirectory(directory));
  QALAM_ASSIGN_OR_RETURN(auto db, OpenWriting(directory, may_create));
  QALAM_ASSIGN_OR_RETURN(revision, ReadRevision(*db, directory));
  // Before anything in it is acknowledged; RocksDB syncs its own directory.
  if (found != Found::kStore) QALAM_RETURN_IF_ERROR(fs.SyncDirectory(ParentPath(directory)));
  RevisionGuard guard(fs, options.guard_path);
  if (revision > guarded.value_or(0)) {
    // Killed between its own sync and the guard's, or the guard was lost.
    QALAM_RETURN_IF_ERROR(guard.Write(revision));
  }
  return std::unique_ptr<MetadataStore>(
      std::make_unique<RocksdbStore>(fs, options, std::move(db), revision, std::move(guard)));
}

}  // namespace

Result<std::unique_ptr<MetadataStore>> OpenRocksdbStore(FileSystem& fs, RocksdbOptions options) {
  try {
    return Open(fs, std::move(options));
  } catch (const std::exception& e) {  // RocksDB itself may throw, for want of memory for instance.
    return Error(ErrorCode::kIo, std::string("RocksDB: ") + e.what());
  }
}

Result<std::unique_ptr<MetadataStore>> OpenMetadata(FileSystem& fs,
                                                    const std::string& data_directory) {
  RocksdbOptions options;
  options.directory = JoinPath(data_directory, "metadata");
  options.guard_path = JoinPath(data_directory, "metadata.guard");
  const std::string logs = JoinPath(data_directory, "log");
  QALAM_ASSIGN_OR_RETURN(const bool has_logs, fs.Exists(logs));
  options.may_create = true;
  if (has_logs) {
    QALAM_ASSIGN_OR_RETURN(const auto entries, fs.List(logs));
    for (const DirectoryEntry& entry : entries) {
      if (entry.is_directory) options.may_create = false;
    }
  }
  return OpenRocksdbStore(fs, std::move(options));
}

}  // namespace qalam
