#include "broker/log/sync_job.h"

#include <array>

#include "common/logging.h"

namespace qalam {

Status SyncJob::Run() {
  if (parts_.prepare_file) {
    const auto [from, to] = parts_.prepare_range;
    prepared_ = parts_.prepare_file->ZeroFill(from, to).ok();  // No space: then without.
  }
  for (const auto& file : parts_.files) QALAM_RETURN_IF_ERROR(file->Sync());
  if (!parts_.directory.empty()) QALAM_RETURN_IF_ERROR(fs_.SyncDirectory(parts_.directory));
  for (const DerivedFile& file : parts_.derived) WriteDerived(file);
  if (parts_.checkpoint == nullptr) return OkStatus();
  QALAM_RETURN_IF_ERROR(parts_.checkpoint->Write(parts_.point));
  for (const std::string& path : parts_.remove) (void)fs_.Remove(path);
  return OkStatus();
}

void SyncJob::WriteDerived(const DerivedFile& derived) {
  auto file = fs_.Open(derived.path, {.mode = OpenOptions::Mode::kOpenOrCreate});
  if (!file.ok()) return;
  const std::array<BytesView, 1> parts = {BytesView(derived.bytes)};
  (void)file.value()->WriteAt(derived.position, parts);
}

}  // namespace qalam
