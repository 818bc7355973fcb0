#include "broker/log/sync_job.h"

#include <array>

#include "broker/log/log_errors.h"
#include "common/logging.h"
#include "common/mutant.h"

namespace qalam {

Status SyncJob::Run() {
  if (MutantIs(Mutant::kCheckpointBeforeSync) && parts_.checkpoint != nullptr) {
    QALAM_RETURN_IF_ERROR(parts_.checkpoint->Write(parts_.point));
  }
  if (parts_.prepare_file) {
    const auto [from, to] = parts_.prepare_range;
    const Status filled = parts_.prepare_file->ZeroFill(from, to);
    prepared_ = filled.ok() ? Prepared::kDone : Prepared::kNoSpace;
    if (!filled.ok() && !IsPassing(filled.error())) return filled;
  }
  for (const auto& file : parts_.files) {
    if (!MutantIs(Mutant::kSkipFdatasync)) QALAM_RETURN_IF_ERROR(file->Sync());
  }
  for (const DerivedFile& file : parts_.derived) QALAM_RETURN_IF_ERROR(WriteDerived(file));
  for (OpenSidecar& sidecar : parts_.sidecars) {
    if (!ExtendFromFile(*sidecar.log, sidecar.log_bytes, sidecar.content.log).ok()) continue;
    QALAM_RETURN_IF_ERROR(WriteDerived({sidecar.path, 0, sidecar.content.Encode(), true}));
  }
  if (!parts_.directory.empty() && !MutantIs(Mutant::kNoDirectorySync)) {
    QALAM_RETURN_IF_ERROR(fs_.SyncDirectory(parts_.directory));
  }
  if (parts_.checkpoint == nullptr) return OkStatus();
  const Status written = parts_.checkpoint->Write(parts_.point);
  checkpoint_postponed_ = !written.ok();
  if (!written.ok()) return IsPassing(written.error()) ? OkStatus() : written;
  for (const std::string& path : parts_.remove) (void)fs_.Remove(path);
  return OkStatus();
}

Status SyncJob::WriteDerived(const DerivedFile& derived) {
  auto file = fs_.Open(derived.path, {.mode = OpenOptions::Mode::kOpenOrCreate});
  const std::array<BytesView, 1> parts = {BytesView(derived.bytes)};
  Status written = file.ok() ? file.value()->Truncate(derived.position) : Status(file.error());
  if (written.ok()) written = file.value()->WriteAt(derived.position, parts);
  if (!written.ok()) {
    Logger("log").warn("derived file not written path={} error={}", derived.path,
                       written.error().ToString());
    return OkStatus();
  }
  return derived.sync ? file.value()->Sync() : OkStatus();  // A failed sync is never passed over.
}

}  // namespace qalam
