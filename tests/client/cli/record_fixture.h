#pragma once

#include <qalam/client.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/record/batch_builder.h"
#include "common/record/batch_view.h"

namespace qalam::cli {

// A record as a reader hands it out, with the bytes that its view points into.
class TestRecord {
 public:
  struct Spec {
    std::optional<std::string> key = std::nullopt;
    std::optional<std::string> value = std::nullopt;
    std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
    std::int64_t timestamp_ms = 1'700'000'000'123;
    std::int64_t offset = 42;
    std::string topic = "orders";
    std::int32_t partition = 3;
    std::int32_t leader_epoch = 7;
  };
  explicit TestRecord(Spec spec) : spec_(std::move(spec)) {
    origin_ = {spec_.topic, spec_.partition, spec_.leader_epoch};
    std::vector<HeaderInput> headers;
    for (const auto& [key, value] : spec_.headers) headers.push_back({key, Optional(value)});
    BatchBuilder builder;
    builder.Add(spec_.timestamp_ms, Optional(spec_.key), Optional(spec_.value), headers);
    batch_ = builder.Finish({});
    RecordCursor cursor(BatchHeader::Decode(batch_), BytesView(batch_).subspan(kBatchHeaderBytes));
    const auto record = cursor.Next();
    encoded_headers_ = (*record)->headers;
  }

  abi0::RecordView view() const {
    abi0::RecordView::Parts parts;
    parts.origin = &origin_;
    parts.offset = spec_.offset;
    parts.timestamp_ms = spec_.timestamp_ms;
    if (spec_.key) {
      parts.key = spec_.key->data();
      parts.key_bytes = static_cast<std::int32_t>(spec_.key->size());
    }
    if (spec_.value) {
      parts.value = spec_.value->data();
      parts.value_bytes = static_cast<std::int32_t>(spec_.value->size());
    }
    parts.headers = reinterpret_cast<const char*>(encoded_headers_.data());
    parts.headers_bytes = static_cast<std::int32_t>(encoded_headers_.size());
    parts.headers_count = static_cast<std::int32_t>(spec_.headers.size());
    return abi0::RecordView(parts);
  }
  const Spec& spec() const { return spec_; }

 private:
  static std::optional<BytesView> Optional(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return AsBytes(*text);
  }
  Spec spec_;
  abi0::detail::RecordOrigin origin_;
  Bytes batch_;
  BytesView encoded_headers_;
};

}  // namespace qalam::cli
