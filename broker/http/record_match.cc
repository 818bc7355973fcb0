#include "broker/http/record_match.h"

#include <cstring>

namespace qalam {
namespace {

bool Has(const std::optional<BytesView>& bytes, const std::string& wanted) {
  return bytes && memmem(bytes->data(), bytes->size(), wanted.data(), wanted.size()) != nullptr;
}

bool HeadersHave(const RecordView& record, const std::string& wanted) {
  HeaderCursor headers(record);
  while (const auto header = headers.Next()) {
    if (Has(header->key, wanted) || Has(header->value, wanted)) return true;
  }
  return false;
}

}  // namespace

bool RecordMatch::Matches(const RecordView& record) const {
  if (!key.empty() && !Has(record.key, key)) return false;
  return contains.empty() || Has(record.value, contains) || Has(record.key, contains) ||
         HeadersHave(record, contains);
}

}  // namespace qalam
