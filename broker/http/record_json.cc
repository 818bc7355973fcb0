#include "broker/http/record_json.h"

#include <optional>

#include "common/base64.h"
#include "common/json_string.h"
#include "common/utf8.h"

namespace qalam {
namespace {

// The first `bytes_max` bytes; of text, a few less where they would end inside of a character.
std::string_view Cut(std::string_view bytes, std::size_t bytes_max, bool is_text) {
  if (bytes.size() <= bytes_max) return bytes;
  std::size_t size = bytes_max;
  while (is_text && size > 0 && (static_cast<unsigned char>(bytes[size]) & 0xc0) == 0x80) --size;
  return bytes.substr(0, size);
}

// `,"name":"..."`, or `,"name_base64":"..."` where it is not UTF-8; null stays null. True: cut.
bool AppendBytes(std::string_view name, const std::optional<BytesView>& bytes,
                 std::size_t bytes_max, std::string& out) {
  out.append(",\"").append(name);
  if (!bytes) {
    out += "\":null";
    return false;
  }
  const std::string_view all = AsText(*bytes);
  const bool is_text = IsUtf8(all);
  const std::string_view shown = Cut(all, bytes_max, is_text);
  out += is_text ? "\":" : "_base64\":";
  AppendJsonQuoted(is_text ? std::string(shown) : Base64(shown), out);
  return shown.size() < all.size();
}

// True: some are left out.
bool AppendHeaders(const RecordView& record, std::size_t bytes_max, std::string& out) {
  out += ",\"headers\":[";
  HeaderCursor headers(record);
  const char* before = "";
  std::size_t bytes = 0;
  while (const auto header = headers.Next()) {
    bytes += header->key.size() + (header->value ? header->value->size() : 0);
    if (bytes > bytes_max) break;
    out.append(before).append("{\"key\":");
    before = ",";
    AppendJsonQuoted(CleanUtf8(AsText(header->key)), out);
    AppendBytes("value", header->value, bytes_max, out);
    out += '}';
  }
  out += ']';
  return bytes > bytes_max;
}

}  // namespace

void AppendRecordJson(const RecordPlace& place, const RecordView& record, std::size_t bytes_max,
                      std::string& out) {
  out += "{\"topic\":";
  AppendJsonQuoted(place.topic, out);
  out += ",\"partition\":" + std::to_string(place.partition);
  out += ",\"offset\":\"" + std::to_string(record.offset);
  out += "\",\"timestamp\":\"" + std::to_string(record.timestamp);
  out += "\",\"leader_epoch\":" + std::to_string(place.leader_epoch);
  const bool key_cut = AppendBytes("key", record.key, bytes_max, out);
  const bool value_cut = AppendBytes("value", record.value, bytes_max, out);
  const bool headers_cut = AppendHeaders(record, bytes_max, out);
  out += ",\"value_bytes\":" + std::to_string(record.value ? record.value->size() : 0);
  out += key_cut || value_cut || headers_cut ? ",\"truncated\":true}" : ",\"truncated\":false}";
}

}  // namespace qalam
