#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "broker/api/ownership.h"
#include "common/result.h"

namespace qalam {

// Talks to whoever owns a directory, over DIR/qalam.sock. Blocking. Thread: one at a time, except
// where a call says otherwise.
class OwnerClient {
 public:
  // How long an owner may take to say that it lives. One that is stopped accepts connections, and
  // says nothing.
  static constexpr std::chrono::milliseconds kHelloTimeout{500};

  // An owner is at hand once it has answered; `hello()` is what it said. Errors: kUnreachable
  // (nobody listens there, or does not answer; detail "reason": "absent", "refused" or "silent";
  // with "silent" also "pid"), kPermissionDenied (it is another user's).
  static Result<std::unique_ptr<OwnerClient>> Connect(const std::string& directory);
  virtual ~OwnerClient() = default;

  virtual const OwnerInfo& hello() const = 0;
  // "unix:PATH" for other connections to it; good as long as this object.
  virtual const std::string& address() const = 0;

  // Errors: the owner's, kTimedOut, kUnreachable.
  virtual Result<OwnerInfo> HandOver(std::int32_t successor_pid,
                                     std::chrono::milliseconds timeout) = 0;
  virtual Result<JoinResult> Join(const JoinRequest& request,
                                  std::chrono::milliseconds timeout) = 0;

  // Attends the owner until it goes: the next news of it, the first of it at once. Errors:
  // kUnreachable or kShuttingDown once it is gone, kCancelled.
  virtual Result<OwnerInfo> NextNews(bool may_own) = 0;
  virtual void Cancel() = 0;  // Ends NextNews, also later ones. Thread: any.
};

}  // namespace qalam
