#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/qa/checker/anomaly.h"
#include "tests/qa/checker/history.h"

namespace qalam::qa {

inline constexpr std::int64_t kNsPerMs = 1'000'000;

// One partition's history, looked up by token; what the checks share. Borrows `history` and `plan`.
class Evidence {
 public:
  Evidence(std::string name, const PartitionHistory& history, const Plan& plan);

  const PartitionHistory& history() const { return history_; }
  const Plan& plan() const { return plan_; }
  const Send* FindSend(const std::optional<std::string>& record) const;
  const Outcome* FindOutcome(const std::optional<std::string>& record) const;
  const std::vector<const Outcome*>& acks() const { return acks_; }      // All of them.
  const std::vector<const Outcome*>& synced() const { return synced_; }  // Those that say fsync.
  // How far whoever asked had, by then, asked the log's start to rise.
  std::int64_t StartAllowed(std::int64_t t_ns) const;

  void Report(Anomaly anomaly, std::string what, std::vector<std::size_t> lines);
  std::vector<Violation> TakeViolations() { return std::move(violations_); }

 private:
  std::string name_;
  const PartitionHistory& history_;
  const Plan& plan_;
  std::unordered_map<std::string_view, const Send*> sends_;
  std::unordered_map<std::string_view, const Outcome*> outcomes_;
  std::vector<const Outcome*> acks_;
  std::vector<const Outcome*> synced_;
  std::vector<Violation> violations_;
};

void CheckContent(Evidence& evidence);     // What was found is what was sent, once.
void CheckAcks(Evidence& evidence);        // What was acknowledged is there, in order, in time.
void CheckReaders(Evidence& evidence);     // A reader's session; one offset, one content.
void CheckWatermarks(Evidence& evidence);  // High watermark, durable end, log start.
void CheckEpochs(Evidence& evidence);      // Leader epochs and who may acknowledge.
void CheckReadbacks(Evidence& evidence);   // The final log: dense, bounded, ordered, the same.
// What the run as a whole had to show.
void CheckRun(const History& history, std::vector<Violation>& violations);

}  // namespace qalam::qa
