#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qalam {

using BytesView = std::span<const std::byte>;  // Read, not kept.
using Bytes = std::vector<std::byte>;          // Kept.

inline BytesView AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view AsText(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Immutable bytes kept alive by whoever made them (a network buffer, a log's staging chunk):
// copying it copies a reference, never the bytes. Thread: a value; the bytes never change.
class SharedSlice {
 public:
  SharedSlice() = default;
  SharedSlice(std::shared_ptr<const void> owner, BytesView view)
      : owner_(std::move(owner)), view_(view) {}
  static SharedSlice Copy(BytesView bytes) { return Own(Bytes(bytes.begin(), bytes.end())); }
  static SharedSlice Own(Bytes bytes) {
    auto owner = std::make_shared<const Bytes>(std::move(bytes));
    const BytesView view(*owner);
    return {std::move(owner), view};
  }

  BytesView view() const { return view_; }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  SharedSlice Sub(std::size_t offset, std::size_t count) const {
    return {owner_, view_.subspan(offset, count)};
  }
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  std::shared_ptr<const void> owner_;
  BytesView view_;
};

}  // namespace qalam
