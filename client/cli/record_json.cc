#include "client/cli/record_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include "common/base64.h"
#include "common/json_string.h"
#include "common/nearest_name.h"
#include "common/utf8.h"

namespace qalam::cli {
namespace {

// `"name":"..."`, or `"name_base64":"..."` where it is not UTF-8; null stays null.
void AppendField(std::string_view name, std::optional<std::string_view> bytes, std::string& out) {
  out.push_back('"');
  out += name;
  if (!bytes) {
    out += "\":null";
  } else if (IsUtf8(*bytes)) {
    out += "\":";
    AppendJsonQuoted(*bytes, out);
  } else {
    out += "_base64\":\"";
    out += Base64(*bytes);
    out.push_back('"');
  }
}

void AppendNumber(std::string_view name, std::int64_t number, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

abi0::Error BadJson(const std::string& what) {
  return abi0::Error(
      "INVALID_ARGUMENT", what, false,
      "A line is {\"key\":...,\"value\":...,\"headers\":[{\"key\":...,\"value\":...}],"
      "\"timestamp\":ms,\"partition\":n}; bytes that are not UTF-8 go into "
      "key_base64 and value_base64.",
      {}, "");
}

// `name`, or `name`_base64 decoded. False: not base64.
bool ReadBytes(const nlohmann::json& object, const std::string& name,
               std::optional<std::string>& into) {
  if (const auto found = object.find(name + "_base64"); found != object.end()) {
    if (!found->is_string()) return false;
    into = FromBase64(found->get_ref<const std::string&>());
    return into.has_value();
  }
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return true;
  into = found->is_string() ? found->get<std::string>() : found->dump();
  return true;
}

// Nothing there: `into` stays as it is. False: not an integer of this size from 0 on.
template <typename Number>
bool ReadNumber(const nlohmann::json& object, const char* name, std::optional<Number>& into) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return true;
  if (!found->is_number_integer()) return false;
  const auto number = found->get<std::int64_t>();
  if (number < 0 || number > std::numeric_limits<Number>::max()) return false;
  into = static_cast<Number>(number);
  return true;
}

// A value that is JSON is written out again by recursion.
bool NestsTooDeep(std::string_view json) {
  constexpr int kDepthMax = 256;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDepthMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// What `consume -o json` writes, and nothing else: a slip of the pen would lose a value silently.
std::optional<abi0::Error> CheckFields(const nlohmann::json& object,
                                       const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string_view nearest = NearestName(name, known);
    return BadJson("there is no field \"" + name + "\"" +
                   (nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?"));
  }
  for (const char* name : {"key", "value"}) {
    const std::string encoded = std::string(name) + "_base64";
    if (object.contains(name) && object.contains(encoded))
      return BadJson(std::string(name) + " and " + encoded + " contradict each other");
  }
  return std::nullopt;
}

}  // namespace

abi0::Result<ReadRecord> ParseJsonRecord(std::string_view line) {
  if (NestsTooDeep(line)) return BadJson("nested too deep");
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  if (!parsed.is_object()) return BadJson("not a JSON object");
  static const std::vector<std::string_view> fields = {
      "topic", "partition",  "offset", "timestamp",    "leader_epoch",
      "key",   "key_base64", "value",  "value_base64", "headers"};
  static const std::vector<std::string_view> header_fields = {"key", "value", "value_base64"};
  if (auto error = CheckFields(parsed, fields)) return *std::move(error);
  ReadRecord record;
  if (!ReadBytes(parsed, "key", record.key)) return BadJson("key_base64 is not base64");
  if (!ReadBytes(parsed, "value", record.value)) return BadJson("value_base64 is not base64");
  if (!ReadNumber(parsed, "timestamp", record.timestamp_ms))
    return BadJson("timestamp is not a number of milliseconds since 1970");
  if (!ReadNumber(parsed, "partition", record.partition))
    return BadJson("partition is not a number");
  const auto headers = parsed.find("headers");
  if (headers == parsed.end() || headers->is_null()) return record;
  if (!headers->is_array()) return BadJson("headers is not a list");
  for (const auto& header : *headers) {
    abi0::Header read;
    const auto name = header.is_object() ? header.find("key") : header.end();
    if (name == header.end() || !name->is_string()) return BadJson("a header needs a key");
    if (auto error = CheckFields(header, header_fields)) return *std::move(error);
    read.key = name->get<std::string>();
    if (!ReadBytes(header, "value", read.value)) return BadJson("value_base64 is not base64");
    record.headers.push_back(std::move(read));
  }
  return record;
}

void AppendJsonString(std::optional<std::string_view> text, std::string& out) {
  if (!text) {
    out += "null";
    return;
  }
  if (IsUtf8(*text))
    AppendJsonQuoted(*text, out);
  else
    AppendJsonQuoted(CleanUtf8(*text), out);
}

void AppendJsonRecord(const abi0::RecordView& record, std::string& out) {
  out += "{\"topic\":";
  AppendJsonQuoted(record.topic(), out);
  AppendNumber("partition", record.partition(), out);
  AppendNumber("offset", record.offset(), out);
  AppendNumber("timestamp", record.timestamp_ms(), out);
  AppendNumber("leader_epoch", record.leader_epoch(), out);
  out.push_back(',');
  AppendField("key", record.key(), out);
  out.push_back(',');
  AppendField("value", record.value(), out);
  out += ",\"headers\":[";
  abi0::HeaderReader headers = record.headers();
  bool first = true;
  while (const auto header = headers.Next()) {
    out += first ? "{\"key\":" : ",{\"key\":";
    first = false;
    AppendJsonString(header->key, out);
    out.push_back(',');
    AppendField("value", header->value, out);
    out.push_back('}');
  }
  out += "]}\n";
}

}  // namespace qalam::cli
