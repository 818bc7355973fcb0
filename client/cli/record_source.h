#pragma once

#include <qalam/client.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace qalam::cli {

// Bytes of a file or a pipe, for cutting into records. Thread: its owner.
class RecordSource {
 public:
  // Longer records are refused: no broker takes them.
  static constexpr std::size_t kRecordBytesMax = std::size_t{16} << 20;

  // "-" is stdin. Errors: NOT_FOUND, PERMISSION_DENIED, IO_ERROR.
  static abi0::Result<RecordSource> Open(const std::string& path);
  RecordSource(RecordSource&& other) noexcept;
  ~RecordSource();

  // Calls `take` with what has been read and not taken; `take` returns how many bytes it took (0:
  // it needs more). `last` is true once nothing more will come. Ends at the end, when `stop` says
  // so, or when take returns an error. The bytes are valid during the call. `stop` is asked at
  // least ten times a second. Errors: IO_ERROR, BATCH_TOO_LARGE (kRecordBytesMax), take's.
  using Take = std::function<abi0::Result<std::size_t>(std::string_view bytes, bool last)>;
  abi0::Status ForEach(const Take& take, const std::function<bool()>& stop);

  // For messages: "stdin" or the path.
  const std::string& name() const { return name_; }
  // Comes from another process, which may end in the middle of a record.
  bool is_pipe() const { return is_pipe_; }
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  RecordSource(int descriptor, std::string name, bool is_pipe)
      : descriptor_(descriptor), name_(std::move(name)), is_pipe_(is_pipe) {}
  int descriptor_;
  std::string name_;
  bool is_pipe_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace qalam::cli
