#include "broker/node/second_start.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "broker/node/find_owner.h"

namespace qalam {
namespace {

constexpr std::chrono::milliseconds kAnswerTimeout{10'000};

// Settings that the owner has its own of, by their nature.
bool IsOfThisProcess(const std::string& key) {
  return key == "qalam.data.dir" || key == "listeners" || key == "qalam.allow.insecure";
}

}  // namespace

Error NameOwner(FileSystem& fs, const Error& in_use, const std::string& directory) {
  const auto found = FindOwner(fs, directory);
  if (!found.ok()) {
    const auto reason = found.error().detail("reason");
    if (!reason || *reason != "silent") return in_use;
    Error silent(in_use.code(), in_use.message() + ", which does not answer; is it stopped?");
    return std::move(silent).With("path", directory);
  }
  const OwnerInfo& owner = (*found)->hello();
  std::string reach = directory + "/qalam.sock";
  for (const std::string& address : owner.addresses) reach += ", " + address;
  std::string message = in_use.message() + ": " + owner.program + ", process " +
                        std::to_string(owner.pid) + ", owner epoch " +
                        std::to_string(owner.owner_epoch) + "; it serves " + reach;
  return Error(in_use.code(), std::move(message))
      .With("path", directory)
      .With("pid", owner.pid)
      .With("program", owner.program)
      .With("owner_epoch", owner.owner_epoch)
      .With("reach", reach);
}

Result<JoinResult> JoinOwner(FileSystem& fs, const BrokerConfig& config,
                             const std::vector<RawSetting>& settings) {
  QALAM_ASSIGN_OR_RETURN(const std::unique_ptr<OwnerClient> owner,
                         FindOwner(fs, config.settings().data_directory));
  JoinRequest request;
  request.listeners = config.settings().listeners;
  for (const RawSetting& setting : settings) {
    if (!IsOfThisProcess(setting.key)) request.set[setting.key] = setting.value;
  }
  return owner->Join(request, kAnswerTimeout);
}

Status AskToHandOver(FileSystem& fs, const std::string& directory) {
  QALAM_ASSIGN_OR_RETURN(const std::unique_ptr<OwnerClient> owner, FindOwner(fs, directory));
  const Result<OwnerInfo> answer = owner->HandOver(::getpid(), kAnswerTimeout);
  if (answer.ok() || answer.error().code() == ErrorCode::kShuttingDown) return OkStatus();
  if (answer.error().code() == ErrorCode::kPolicyViolation) {
    return Error(ErrorCode::kDirectoryInUse, answer.error().message())
        .With("path", directory)
        .With("pid", owner->hello().pid);
  }
  return answer.error();
}

}  // namespace qalam
