#include "client/cli/ceiling_writer.h"

#include <map>
#include <utility>

namespace qalam::cli {

CeilingWriter::CeilingWriter(std::unique_ptr<CeilingFile> file, CeilingAck ack,
                             std::function<void(const Error&)> failed)
    : file_(std::move(file)), ack_(ack), failed_(std::move(failed)), thread_([this] { Run(); }) {}

CeilingWriter::~CeilingWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  came_.notify_one();
  thread_.join();
}

void CeilingWriter::Post(ArrivedBatch batch) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(batch));
    wake = std::exchange(idle_, false);
  }
  if (wake) came_.notify_one();
}

void CeilingWriter::Run() {
  Group group;
  bool failed = false;
  while (true) {
    group.clear();
    {
      std::unique_lock lock(mutex_);
      while (waiting_.empty() && !stop_) {
        idle_ = true;
        came_.wait(lock);
      }
      idle_ = false;
      if (stop_) return;
      group.swap(waiting_);
    }
    if (failed) continue;
    if (const Status status = Handle(group); !status.ok()) {
      failed = true;
      failed_(status.error());
    }
  }
}

Status CeilingWriter::Handle(const Group& group) {
  std::vector<BytesView> parts;
  std::size_t bytes = 0;
  for (const ArrivedBatch& batch : group) {
    for (const BytesView part : batch.parts) {
      // A message may be larger than a write, its parts are frames: they are not.
      if (bytes + part.size() > kCeilingWriteBytesMax) {
        QALAM_RETURN_IF_ERROR(file_->Write(parts));
        parts.clear();
        bytes = 0;
      }
      parts.push_back(part);
      bytes += part.size();
    }
  }
  QALAM_RETURN_IF_ERROR(file_->Write(parts));
  if (ack_ == CeilingAck::kFsync) QALAM_RETURN_IF_ERROR(file_->Sync());
  Acknowledge(group);
  return OkStatus();
}

// One answer per connection for all of a group.
void CeilingWriter::Acknowledge(const Group& group) {
  std::map<BatchSource*, std::uint64_t> counts;
  for (const ArrivedBatch& batch : group) ++counts[batch.source.get()];
  for (const auto& [source, count] : counts) source->Acknowledge(count);
}

}  // namespace qalam::cli
