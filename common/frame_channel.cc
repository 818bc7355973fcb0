#include "common/frame_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "common/frame.h"
#include "common/posix_file_system.h"

namespace qalam {
namespace {

// Batches one way, answers the other.
constexpr std::size_t kToOwnerBytes = std::size_t{128} << 10;
constexpr std::size_t kToClientBytes = std::size_t{16} << 10;
constexpr std::size_t kControlBytes = 4096;
constexpr std::size_t kAllBytes = kControlBytes + kToOwnerBytes + kToClientBytes;
constexpr unsigned kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

struct Controls {
  RingControl to_owner;
  RingControl to_client;
};
static_assert(sizeof(Controls) <= kControlBytes);

Controls& ControlsAt(std::byte* memory) { return *reinterpret_cast<Controls*>(memory); }

std::span<std::byte> DataAt(std::byte* memory, bool to_owner) {
  return to_owner ? std::span(memory + kControlBytes, kToOwnerBytes)
                  : std::span(memory + kControlBytes + kToOwnerBytes, kToClientBytes);
}

// A descriptor that is closed in any case.
class Owned {
 public:
  explicit Owned(int descriptor) : descriptor_(descriptor) {}
  ~Owned() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

Error Refused(const char* what) { return ErrorFromErrno(errno, what, "a connection"); }

// The greeting's control message: one descriptor.
struct DescriptorMessage {
  explicit DescriptorMessage(std::span<char> greeting) {
    part.iov_base = greeting.data();
    part.iov_len = greeting.size();
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{};
  msghdr message{};
};

}  // namespace

Result<std::unique_ptr<FrameChannel>> FrameChannel::Greet(int socket) {
  const Owned memory(::memfd_create("qalam-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (memory.get() < 0) return Refused("make memory for");
  // All of it now: what is missing later would be a signal.
  if (::fallocate(memory.get(), 0, 0, static_cast<off_t>(kAllBytes)) != 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) {
    return Refused("make memory for");
  }
  auto channel = Map(memory.get(), End::kClient);
  if (!channel.ok()) return channel;
  std::array<char, kFramesMagic.size()> magic = kFramesMagic;
  DescriptorMessage greeting(magic);
  cmsghdr* const head = CMSG_FIRSTHDR(&greeting.message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  const int descriptor = memory.get();
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  if (::sendmsg(socket, &greeting.message, MSG_NOSIGNAL | MSG_DONTWAIT) !=
      static_cast<ssize_t>(magic.size())) {
    return Refused("greet over");
  }
  return channel;
}

Result<std::unique_ptr<FrameChannel>> FrameChannel::Welcome(int socket) {
  std::array<char, kFramesMagic.size()> magic{};
  DescriptorMessage greeting(magic);
  const ssize_t got = ::recvmsg(socket, &greeting.message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const cmsghdr* const head = CMSG_FIRSTHDR(&greeting.message);
  int descriptor = -1;
  if (head != nullptr && head->cmsg_type == SCM_RIGHTS && head->cmsg_len >= CMSG_LEN(sizeof(int))) {
    std::memcpy(&descriptor, CMSG_DATA(head), sizeof descriptor);
  }
  const Owned memory(descriptor);
  if (got != static_cast<ssize_t>(magic.size()) || magic != kFramesMagic || memory.get() < 0) {
    return Error(ErrorCode::kInvalidArgument, "this is no greeting");
  }
  struct stat status {};
  const int seals = ::fcntl(memory.get(), F_GET_SEALS);
  if (seals < 0 || (static_cast<unsigned>(seals) & F_SEAL_SHRINK) == 0 ||
      ::fstat(memory.get(), &status) != 0 || status.st_size != static_cast<off_t>(kAllBytes)) {
    return Error(ErrorCode::kInvalidArgument, "the memory of a greeting has another shape");
  }
  return Map(memory.get(), End::kOwner);
}

Result<std::unique_ptr<FrameChannel>> FrameChannel::Map(int memory, End end) {
  void* const at = ::mmap(nullptr, kAllBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  if (at == MAP_FAILED) return Refused("map the memory of");
  auto* const bytes = static_cast<std::byte*>(at);
  // New memory is zero, which is how the controls begin.
  return std::unique_ptr<FrameChannel>(new FrameChannel(bytes, end));
}

FrameChannel::FrameChannel(std::byte* memory, End end)
    : memory_(memory),
      in_(end == End::kOwner ? ControlsAt(memory).to_owner : ControlsAt(memory).to_client,
          DataAt(memory, end == End::kOwner)),
      out_(end == End::kOwner ? ControlsAt(memory).to_client : ControlsAt(memory).to_owner,
           DataAt(memory, end == End::kClient)) {}

FrameChannel::~FrameChannel() { ::munmap(memory_, kAllBytes); }

void RingBell(int socket) {
  const char bell = 0;
  // Where there is no room, bells wait for the other end already.
  if (::send(socket, &bell, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
}

bool TakeBells(int socket) {
  std::array<char, 64> bells;
  while (true) {
    const ssize_t got = ::recv(socket, bells.data(), bells.size(), MSG_DONTWAIT);
    if (got == static_cast<ssize_t>(bells.size())) continue;
    if (got > 0) return true;
    if (got < 0 && errno == EINTR) continue;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
}

}  // namespace qalam
