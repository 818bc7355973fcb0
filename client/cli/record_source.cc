#include "client/cli/record_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>
#include <vector>

namespace qalam::cli {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr int kPollMs = 100;

abi0::Error FileError(int number, const std::string& path) {
  const char* word = number == ENOENT   ? "NOT_FOUND"
                     : number == EACCES ? "PERMISSION_DENIED"
                                        : "IO_ERROR";
  return abi0::Error(word, "can't read " + path + ": " + std::strerror(number), false,
                     "Check the file's name and mode.", {{"file", path}}, "");
}

abi0::Error TooLong(const std::string& name) {
  return abi0::Error(
      "BATCH_TOO_LARGE",
      "a record is longer than " + std::to_string(RecordSource::kRecordBytesMax) + " bytes", false,
      "Is the delimiter (-d) the one that the input has?", {{"input", name}}, "");
}

}  // namespace

abi0::Result<RecordSource> RecordSource::Open(const std::string& path) {
  const bool is_stdin = path == "-";
  const int descriptor = is_stdin ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                  : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, is_stdin ? "stdin" : path);
  RecordSource source(descriptor, is_stdin ? "stdin" : path, false);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return FileError(errno, source.name_);
  if (S_ISDIR(status.st_mode)) return FileError(EISDIR, source.name_);
  source.is_pipe_ = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
  return source;
}

RecordSource::RecordSource(RecordSource&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      is_pipe_(other.is_pipe_),
      bytes_read_(other.bytes_read_) {}

RecordSource::~RecordSource() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

abi0::Status RecordSource::ForEach(const Take& take, const std::function<bool()>& stop) {
  std::vector<char> buffer(kReadBytes);
  std::size_t begin = 0;
  std::size_t end = 0;
  bool last = false;
  while (!stop()) {
    if (!last) {
      if (begin > 0) {
        std::memmove(buffer.data(), buffer.data() + begin, end - begin);
        end -= begin;
        begin = 0;
      }
      if (end > kRecordBytesMax) return TooLong(name_);
      if (end == buffer.size()) buffer.resize(buffer.size() * 2);
      pollfd waiting{descriptor_, POLLIN, 0};
      // Nothing yet, or a signal: look whether to stop.
      if (::poll(&waiting, 1, kPollMs) <= 0) continue;
      const ssize_t got = ::read(descriptor_, buffer.data() + end, buffer.size() - end);
      if (got < 0) {
        if (errno == EINTR || errno == EAGAIN) continue;
        return FileError(errno, name_);
      }
      last = got == 0;
      end += static_cast<std::size_t>(got);
      bytes_read_ += static_cast<std::uint64_t>(got);
    }
    if (begin == end && last) return {};
    const auto taken = take(std::string_view(buffer.data() + begin, end - begin), last);
    if (!taken.ok()) return taken.error();
    begin += *taken;
    if (last && *taken == 0) return {};
  }
  return {};
}

}  // namespace qalam::cli
