#include "client/cli/ceiling_server.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "client/ceiling/batch_server.h"
#include "client/cli/ceiling_writer.h"
#include "client/cli/output.h"
#include "common/check.h"

namespace qalam::cli {
namespace {

// As the broker does, and more so: what was freed is kept.
void KeepMemory() {
  constexpr int kMebibyte = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * kMebibyte);
  mallopt(M_TRIM_THRESHOLD, 1024 * kMebibyte);
  mallopt(M_TOP_PAD, 64 * kMebibyte);
  mallopt(M_ARENA_MAX, 2);
}

// One write, so that lines of two threads do not mix.
void Tell(const std::string& line) {
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
}

void TellFailure(const Error& error) {
  Tell("failed " + std::string(ErrorWord(error.code())) + " " + error.message() + "\n");
}

void WaitForEndOfInput() {
  char byte = 0;
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
    if (got == 0 || (got < 0 && errno != EINTR)) return;
  }
}

Status Serve(const CeilingServerOptions& options) {
  std::unique_ptr<CeilingWriter> writer;
  BatchServer::Take take = [](ArrivedBatch batch) { batch.source->Acknowledge(1); };
  if (options.way != CeilingWay::kNone) {
    SegmentOptions segments;
    segments.directory = options.directory;
    segments.space_bytes = options.space_bytes;
    QALAM_ASSIGN_OR_RETURN(std::unique_ptr<CeilingFile> file,
                           CeilingFile::Open(options.way, options.ack, std::move(segments)));
    writer = std::make_unique<CeilingWriter>(std::move(file), options.ack, TellFailure);
    take = [&writer](ArrivedBatch batch) { writer->Post(std::move(batch)); };
  }
  QALAM_ASSIGN_OR_RETURN(const std::unique_ptr<BatchServer> server,
                         BatchServer::Start(std::move(take)));
  Tell("ready " + server->address() + "\n");
  WaitForEndOfInput();
  return OkStatus();
}

}  // namespace

int RunCeilingServer(const CeilingServerOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);  // The parent may be gone; there is still something to remove.
  KeepMemory();
  const Status status = Serve(options);
  if (!status.ok()) TellFailure(status.error());
  if (!options.directory.empty()) ::rmdir(options.directory.c_str());
  return static_cast<int>(status.ok() ? Exit::kOk : Exit::kFailed);
}

}  // namespace qalam::cli
