#pragma once

#include <qalam/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace qalam::cli {

// A tar archive (POSIX ustar) of regular files, compressed by gzip, in memory: for archives of a
// few MiB. Thread: one at a time.
class TarGz {
 public:
  // `modified_s`: of all its files, seconds since 1970.
  explicit TarGz(std::int64_t modified_s);
  ~TarGz();
  TarGz(const TarGz&) = delete;
  TarGz& operator=(const TarGz&) = delete;

  // A file that its owner may read and write. INVALID_ARGUMENT: the name is empty or longer than
  // 100 bytes.
  abi0::Status Add(std::string_view name, std::string_view contents);
  // The archive, ended. Nothing may be added any more. Once.
  std::string Finish();

 private:
  struct Deflater;
  void Write(std::string_view bytes, bool end);

  const std::int64_t modified_s_;
  Deflater* const deflater_;
  std::string out_;
};

}  // namespace qalam::cli
