#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/ids.h"
#include "common/record/batch_view.h"

namespace qalam {

// Where a record came from.
struct RecordPlace {
  std::string_view topic;
  PartitionId partition = 0;
  Epoch leader_epoch = kNoEpoch;
};

inline constexpr std::size_t kRecordPreviewBytes = 4096;  // Of a value in a list.

// Appends `record` as the JSON record of docs/reference/cli.md, but with offset and timestamp as
// strings, with "value_bytes", the size of the whole value, and with "truncated": whether there is
// more. Key, value, and all headers together have at most `bytes_max` each; text is cut between two
// characters. Thread: any.
void AppendRecordJson(const RecordPlace& place, const RecordView& record, std::size_t bytes_max,
                      std::string& out);

}  // namespace qalam
