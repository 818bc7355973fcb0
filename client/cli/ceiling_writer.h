#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "client/ceiling/arrived_batch.h"
#include "client/cli/ceiling_file.h"

namespace qalam::cli {

// The one thread that writes: takes all batches that came meanwhile as a group, writes it, syncs
// it, acknowledges it. Thread: Post from any, the rest its owner. The queue is bounded by what the
// clients have under way.
class CeilingWriter {
 public:
  // `failed` is called once, by the writer, with the first error of the file; what comes then is
  // dropped.
  CeilingWriter(std::unique_ptr<CeilingFile> file, CeilingAck ack,
                std::function<void(const Error&)> failed);
  // Ends after the group under way.
  ~CeilingWriter();
  CeilingWriter(const CeilingWriter&) = delete;
  CeilingWriter& operator=(const CeilingWriter&) = delete;

  void Post(ArrivedBatch batch);

 private:
  using Group = std::vector<ArrivedBatch>;
  void Run();
  Status Handle(const Group& group);
  static void Acknowledge(const Group& group);

  const std::unique_ptr<CeilingFile> file_;
  const CeilingAck ack_;
  const std::function<void(const Error&)> failed_;
  std::mutex mutex_;
  std::condition_variable came_;
  Group waiting_;  // With the lock.
  bool idle_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace qalam::cli
