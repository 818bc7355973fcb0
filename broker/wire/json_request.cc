#include "broker/wire/json_request.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/wire/strict_json.h"
#include "broker/wire/topic_codec.h"
#include "common/check.h"
#include "common/nearest_name.h"
#include "common/printable.h"
#include "common/units.h"

namespace qalam {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Json = nlohmann::json;

constexpr int kDepthMax = 2;  // The body, and a map or list in it.
constexpr std::uint64_t kInt64Most = std::numeric_limits<std::int64_t>::max();

Error BadField(std::string_view field, const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, message)
      .With("field", std::string(field.substr(0, 64)));
}

// Proto3 JSON knows a field by two names.
const FieldDescriptor* FindField(const Descriptor& type, const std::string& name) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const field = type.field(i);
    if (field->json_name() == name || field->name() == name) return field;
  }
  return nullptr;
}

Error UnknownField(const Descriptor& type, const std::string& name,
                   const std::vector<std::string>& in_path) {
  std::vector<std::string_view> known;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const field = type.field(i);
    if (std::find(in_path.begin(), in_path.end(), field->name()) == in_path.end()) {
      known.push_back(field->json_name());
    }
  }
  std::string all;
  for (const std::string_view each : known) all += (all.empty() ? "" : ", ") + std::string(each);
  const std::string_view nearest = NearestName(name, known);
  return BadField(name, "there is no field " + Quoted(name) + "; there are " + all +
                            (nearest.empty() ? "" : "; did you mean " + Quoted(nearest) + "?"));
}

Error WrongType(const std::string& name, const char* wanted) {
  return BadField(name, name + ": must be " + wanted);
}

// Proto3 JSON has whole numbers also as strings.
Result<std::int64_t> ReadInteger(const Json& value, const std::string& name, std::int64_t least,
                                 std::int64_t most) {
  std::optional<std::int64_t> number;
  if (value.is_string()) {
    const auto parsed = ParseInteger(value.get_ref<const std::string&>());
    if (parsed.ok()) number = *parsed;
  } else if (value.is_number_unsigned() && value.get<std::uint64_t>() > kInt64Most) {
    number = std::nullopt;
  } else if (value.is_number_integer()) {
    number = value.get<std::int64_t>();
  }
  if (number && *number >= least && *number <= most) return *number;
  return BadField(name, name + ": must be a whole number from " + std::to_string(least) + " to " +
                            std::to_string(most));
}

Status ReadMap(const Json& value, const FieldDescriptor& field, Message& out) {
  const std::string& name = field.json_name();
  if (!value.is_object()) return WrongType(name, "an object of strings");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return WrongType(name + "." + key, "a string");
    Message& entry = *out.GetReflection()->AddMessage(&out, &field);
    const Descriptor& type = *entry.GetDescriptor();
    entry.GetReflection()->SetString(&entry, type.FindFieldByName("key"), key);
    entry.GetReflection()->SetString(&entry, type.FindFieldByName("value"), text);
  }
  return OkStatus();
}

Status ReadList(const Json& value, const FieldDescriptor& field, Message& out) {
  const std::string& name = field.json_name();
  if (!value.is_array()) return WrongType(name, "a list of strings");
  for (const Json& text : value) {
    if (!text.is_string()) return WrongType(name, "a list of strings");
    out.GetReflection()->AddString(&out, &field, text);
  }
  return OkStatus();
}

// The types that the API's requests have.
Status ReadField(const Json& value, const FieldDescriptor& field, Message& out) {
  const auto& reflection = *out.GetReflection();
  const std::string& name = field.json_name();
  if (value.is_null()) return OkStatus();  // As if it were not there.
  if (field.is_map()) return ReadMap(value, field, out);
  if (field.is_repeated()) return ReadList(value, field, out);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (!value.is_string()) return WrongType(name, "a string");
      reflection.SetString(&out, &field, value);
      return OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!value.is_boolean()) return WrongType(name, "true or false");
      reflection.SetBool(&out, &field, value);
      return OkStatus();
    case FieldDescriptor::CPPTYPE_INT32: {
      using Limits = std::numeric_limits<std::int32_t>;
      QALAM_ASSIGN_OR_RETURN(const std::int64_t number,
                             ReadInteger(value, name, Limits::min(), Limits::max()));
      reflection.SetInt32(&out, &field, static_cast<std::int32_t>(number));
      return OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      using Limits = std::numeric_limits<std::int64_t>;
      QALAM_ASSIGN_OR_RETURN(const std::int64_t number,
                             ReadInteger(value, name, Limits::min(), Limits::max()));
      reflection.SetInt64(&out, &field, number);
      return OkStatus();
    }
    default:
      QALAM_CHECK(false);
  }
  return OkStatus();
}

template <typename Request>
Result<Request> Parse(std::string_view text, const std::vector<std::string>& in_path = {}) {
  Request message;
  if (text.empty()) return message;
  QALAM_ASSIGN_OR_RETURN(const Json body, ParseJsonObject(text, kDepthMax));
  const Descriptor& type = *Request::descriptor();
  std::set<int> seen;
  for (const auto& [name, value] : body.items()) {
    const FieldDescriptor* const field = FindField(type, name);
    if (field == nullptr) return UnknownField(type, name, in_path);
    if (std::find(in_path.begin(), in_path.end(), field->name()) != in_path.end()) {
      return BadField(name, name + " is in the path already");
    }
    if (!seen.insert(field->number()).second) {
      return BadField(name, name + " is there twice, by both its names");
    }
    QALAM_RETURN_IF_ERROR(ReadField(value, *field, message));
  }
  return message;
}

}  // namespace

Result<CreateTopicRequest> CreateTopicFromJson(std::string_view text) {
  QALAM_ASSIGN_OR_RETURN(const v1::CreateTopicRequest message, Parse<v1::CreateTopicRequest>(text));
  return FromProto(message);
}

Result<ConfigChange> ConfigChangeFromJson(std::string_view text) {
  QALAM_ASSIGN_OR_RETURN(const v1::SetConfigRequest message, Parse<v1::SetConfigRequest>(text));
  return ConfigChangeOf(message);
}

Result<TrimRequest> TrimFromJson(std::string_view text) {
  QALAM_ASSIGN_OR_RETURN(const v1::TrimPartitionRequest message,
                         Parse<v1::TrimPartitionRequest>(text, {"topic", "partition"}));
  return TrimRequest{message.before_offset(), message.validate_only()};
}

}  // namespace qalam
