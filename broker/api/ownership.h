#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/api/requests.h"
#include "common/reply.h"

namespace qalam {

// Who owns a data directory, as those who share it are told.
struct OwnerInfo {
  std::string directory_id;
  std::int64_t owner_epoch = 0;
  std::int32_t pid = 0;
  TimestampMs since_ms = 0;
  std::string program;
  std::string version;
  std::vector<std::string> addresses;  // HOST:PORT of each TCP listener.
  std::int32_t proxies_count = 0;
  bool handing_over = false;
  std::int32_t successor_pid = 0;  // 0: nobody in particular.
  bool frames = false;             // Its socket takes common/frame.h's.
};

struct JoinRequest {
  std::vector<std::string> listeners;
  std::map<std::string, std::string> set;
};
struct JoinResult {
  OwnerInfo owner;
  std::vector<std::string> addresses;
  std::vector<ConfigEntry> config;
};

// A process that attends the owner: it hears when the owner is about to go. Thread: any.
class Attendant {
 public:
  virtual ~Attendant() = default;
  virtual std::int32_t pid() const = 0;
  virtual bool may_own() const = 0;
  virtual void Tell(const OwnerInfo& owner) = 0;  // Must not block.
};

// What the owner of a data directory is asked by those who share it; owner.proto says what each
// does. Nothing here blocks. Thread: any.
class Ownership {
 public:
  virtual ~Ownership() = default;
  virtual OwnerInfo Describe() const = 0;
  // `attendant` is told at once, and again with every change, until Leave.
  virtual void Attend(std::shared_ptr<Attendant> attendant) = 0;
  virtual void Leave(const Attendant* attendant) = 0;
  // Errors: kPolicyViolation, kShuttingDown.
  virtual Result<OwnerInfo> HandOver(std::int32_t successor_pid) = 0;
  // Errors: kInvalidConfig, kPortInUse, kShuttingDown.
  virtual void Join(JoinRequest request, Reply<JoinResult> reply) = 0;
};

}  // namespace qalam
