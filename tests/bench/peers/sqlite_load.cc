// SQLite as a log that several processes append to: WAL, synchronous=FULL, one table, so many rows
// a transaction. Each process has one transaction under way at a time, as a program that waits for
// its record to be durable has.
//   sqlite_load FILE PROCESSES SECONDS ROWS_PER_TRANSACTION [VALUE_BYTES]
// Prints {"processes","per_transaction","seconds","records","records_per_s","busy"}.
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBusyTimeoutMs = 60'000;

struct Load {
  std::string file;
  int processes = 1;
  double seconds = 1;
  int per_transaction = 1;
  int value_bytes = 100;
};

// What the processes share.
struct Shared {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::atomic<std::int64_t> records{0};
  std::atomic<std::int64_t> busy{0};
};

void Check(int code, sqlite3* db, const char* what) {
  if (code == SQLITE_OK || code == SQLITE_DONE) return;
  std::fprintf(stderr, "sqlite_load: %s: %s\n", what, sqlite3_errmsg(db));
  std::_Exit(1);
}

sqlite3* Open(const Load& load) {
  sqlite3* db = nullptr;
  Check(sqlite3_open(load.file.c_str(), &db), db, "open");
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  Check(sqlite3_exec(db, "pragma journal_mode=wal; pragma synchronous=full", nullptr, nullptr,
                     nullptr),
        db, "pragma");
  return db;
}

// Runs a statement without rows; counts how often somebody else was at it.
void Step(sqlite3* db, sqlite3_stmt* statement, std::int64_t& busy) {
  int code = SQLITE_BUSY;
  while ((code = sqlite3_step(statement)) == SQLITE_BUSY) {
    sqlite3_reset(statement);
    ++busy;
  }
  Check(code, db, "step");
  sqlite3_reset(statement);
}

sqlite3_stmt* Prepare(sqlite3* db, const char* text) {
  sqlite3_stmt* statement = nullptr;
  Check(sqlite3_prepare_v2(db, text, -1, &statement, nullptr), db, text);
  return statement;
}

void Append(const Load& load, Shared& shared) {
  sqlite3* const db = Open(load);
  sqlite3_stmt* const begin = Prepare(db, "begin immediate");
  sqlite3_stmt* const insert = Prepare(db, "insert into log(value) values(?)");
  sqlite3_stmt* const commit = Prepare(db, "commit");
  const std::string value(static_cast<std::size_t>(load.value_bytes), 'x');
  std::int64_t records = 0;
  std::int64_t busy = 0;
  shared.ready.fetch_add(1);
  while (!shared.go.load()) usleep(100);
  const auto end = Clock::now() + std::chrono::duration<double>(load.seconds);
  while (Clock::now() < end) {
    Step(db, begin, busy);
    for (int i = 0; i < load.per_transaction; ++i) {
      sqlite3_bind_blob(insert, 1, value.data(), load.value_bytes, SQLITE_STATIC);
      Step(db, insert, busy);
    }
    Step(db, commit, busy);
    records += load.per_transaction;
  }
  shared.records.fetch_add(records);
  shared.busy.fetch_add(busy);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: %s FILE PROCESSES SECONDS ROWS_PER_TRANSACTION [VALUE_BYTES]\n",
                 argv[0]);
    return 2;
  }
  Load load;
  load.file = argv[1];
  load.processes = std::atoi(argv[2]);
  load.seconds = std::atof(argv[3]);
  load.per_transaction = std::atoi(argv[4]);
  if (argc > 5) load.value_bytes = std::atoi(argv[5]);

  sqlite3* const db = Open(load);
  Check(sqlite3_exec(db, "create table if not exists log(offset integer primary key, value blob)",
                     nullptr, nullptr, nullptr),
        db, "create");
  sqlite3_close(db);

  void* const memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  Shared& shared = *new (memory) Shared;
  for (int i = 0; i < load.processes; ++i) {
    if (fork() == 0) {
      Append(load, shared);
      std::_Exit(0);
    }
  }
  while (shared.ready.load() < load.processes) usleep(1'000);
  shared.go.store(true);
  bool failed = false;
  for (int status = 0; wait(&status) > 0;) failed = failed || status != 0;
  if (failed) return 1;
  const double records = static_cast<double>(shared.records.load());
  std::printf(
      "{\"processes\":%d,\"per_transaction\":%d,\"seconds\":%.1f,\"records\":%.0f,"
      "\"records_per_s\":%.0f,\"busy\":%lld}\n",
      load.processes, load.per_transaction, load.seconds, records, records / load.seconds,
      static_cast<long long>(shared.busy.load()));
  return 0;
}
