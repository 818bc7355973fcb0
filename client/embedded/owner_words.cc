#include "client/embedded/owner_words.h"

#include <string>

#include "client/wire_error.h"

namespace qalam::abi0 {

DirectoryOwner ToPublic(const qalam::OwnerInfo& owner) {
  DirectoryOwner out;
  out.directory_id = owner.directory_id;
  out.owner_epoch = owner.owner_epoch;
  out.pid = owner.pid;
  out.since_ms = owner.since_ms;
  out.program = owner.program;
  out.version = owner.version;
  out.addresses = owner.addresses;
  out.proxies_count = owner.proxies_count;
  return out;
}

Error OwnerError(const qalam::Error& error) {
  const Error plain = ErrorFromCore(error);
  if (error.code() != qalam::ErrorCode::kUnreachable) return plain;
  const auto pid = error.detail("pid");
  const std::string hint =
      pid ? "Let it go on (kill -CONT " + std::string(*pid) +
                "), or end it: then another process takes over. Nobody does while it is there."
          : "Try again: an owner that has just started serves others in a moment.";
  return {plain.code(), plain.message(), true, hint, plain.details(), plain.broker()};
}

}  // namespace qalam::abi0
