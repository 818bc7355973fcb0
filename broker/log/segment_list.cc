#include "broker/log/segment_list.h"

#include <algorithm>
#include <utility>

#include "broker/log/file_names.h"
#include "common/check.h"
#include "common/logging.h"

namespace qalam {

SegmentList::SegmentList(FileSystem& fs, std::string directory)
    : fs_(fs),
      directory_(std::move(directory)),
      spans_(std::make_shared<const std::vector<SegmentSpan>>()) {}

bool SegmentList::IsBoundary(Offset offset) const {
  return std::any_of(spans_->begin(), spans_->end(),
                     [&](const SegmentSpan& span) { return span.end_offset == offset; });
}

void SegmentList::Push(SegmentSpan span) {
  size_bytes_ += span.size_bytes;
  auto next = std::make_shared<std::vector<SegmentSpan>>(*spans_);
  next->push_back(std::move(span));
  spans_ = std::move(next);
}

void SegmentList::RemoveFirst(std::size_t count, MonotonicTime due) {
  QALAM_CHECK(count <= spans_->size());
  const auto before = std::exchange(
      spans_, std::make_shared<const std::vector<SegmentSpan>>(
                  spans_->begin() + static_cast<std::ptrdiff_t>(count), spans_->end()));
  for (std::size_t i = 0; i < count; ++i) {
    const SegmentSpan& span = (*before)[i];
    span.segment->Retire();
    for (const std::string_view suffix : kSegmentSuffixes) {
      const std::string path = span.segment->Path(suffix);
      const std::string gone = path + std::string(kDeletedSuffix);
      const Status renamed = fs_.Rename(path, gone);
      if (renamed.ok()) {
        retired_.push_back({gone, due});
      } else if (renamed.error().code() == ErrorCode::kNoSpace) {
        (void)fs_.Remove(path);  // The longer name needs room; this makes some.
      }
    }
    size_bytes_ -= span.size_bytes;
    Logger("log").info("segment removed dir={} base={} bytes={}", directory_,
                       span.segment->base_offset(), span.size_bytes);
  }
}

std::vector<std::string> SegmentList::TakeDeletable(MonotonicTime now) {
  std::vector<std::string> paths;
  std::erase_if(retired_, [&](Retired& retired) {
    if (retired.due > now) return false;
    paths.push_back(std::move(retired.path));
    return true;
  });
  return paths;
}

std::optional<MonotonicTime> SegmentList::next_deletable() const {
  std::optional<MonotonicTime> next;
  for (const Retired& retired : retired_) next = std::min(next.value_or(retired.due), retired.due);
  return next;
}

}  // namespace qalam
