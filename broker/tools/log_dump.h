#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// A key or a value of a record, as it is; null if there is none.
struct DumpBytes {
  std::optional<std::string> bytes;
};
using DumpValue = std::variant<std::int64_t, std::string, bool, DumpBytes>;

// One line of a dump: for programs, and for people as Kafka's own tool writes it.
struct DumpLine {
  std::vector<std::pair<std::string, DumpValue>> fields;
  bool is_record = false;  // Belongs to the batch before it.

  // "baseOffset: 0 lastOffset: 9 ... valid". Bytes are shortened and printable, a note is only its
  // text.
  std::string Text() const;
};

// Tells what one file of a log says, a line at a time: .log (batches, and records if wanted),
// .index, .timeindex, .snapshot, .crc, durable-checkpoint, leader-epoch-checkpoint,
// partition.metadata. The name decides which. Works without a broker and believes nothing: what is
// damaged is said so, and the rest goes on where it can. Thread: any; blocks. Errors: kNotFound,
// kInvalidArgument (a file that is none of these), kIo.
Status DumpLogFile(FileSystem& fs, const std::string& path, bool records,
                   const std::function<void(const DumpLine&)>& print);
// The same, as text.
Status DumpLogFile(FileSystem& fs, const std::string& path, bool records,
                   const std::function<void(const std::string&)>& print);

}  // namespace qalam
