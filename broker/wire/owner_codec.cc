#include "broker/wire/owner_codec.h"

namespace qalam {

void ToProto(const OwnerInfo& owner, v1::DirectoryOwner& out) {
  out.set_directory_id(owner.directory_id);
  out.set_owner_epoch(owner.owner_epoch);
  out.set_pid(owner.pid);
  out.set_since_ms(owner.since_ms);
  out.set_program(owner.program);
  out.set_version(owner.version);
  for (const std::string& address : owner.addresses) out.add_addresses(address);
  out.set_proxies_count(owner.proxies_count);
  out.set_handing_over(owner.handing_over);
  out.set_successor_pid(owner.successor_pid);
  out.set_frames(owner.frames);
}

OwnerInfo FromProto(const v1::DirectoryOwner& owner) {
  OwnerInfo info;
  info.directory_id = owner.directory_id();
  info.owner_epoch = owner.owner_epoch();
  info.pid = owner.pid();
  info.since_ms = owner.since_ms();
  info.program = owner.program();
  info.version = owner.version();
  info.addresses = {owner.addresses().begin(), owner.addresses().end()};
  info.proxies_count = owner.proxies_count();
  info.handing_over = owner.handing_over();
  info.successor_pid = owner.successor_pid();
  info.frames = owner.frames();
  return info;
}

}  // namespace qalam
