#include "broker/node/meta_properties.h"

#include <charconv>
#include <map>

#include "common/bytes.h"
#include "common/crc32c.h"

namespace qalam {
namespace {

constexpr std::string_view kCrcKey = "crc32c=";

std::string Hex(std::uint32_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text.push_back(kDigits[(value >> shift) & 0xf]);
  return text;
}

Error Damaged(const std::string& path, std::string_view what) {
  return Error(ErrorCode::kMetadataDamaged, path + ": " + std::string(what)).With("path", path);
}

template <typename Number>
bool ReadNumber(const std::map<std::string, std::string, std::less<>>& values, std::string_view key,
                Number& number) {
  const auto found = values.find(key);
  if (found == values.end()) return false;
  const char* const end = found->second.data() + found->second.size();
  const auto [rest, error] = std::from_chars(found->second.data(), end, number);
  return error == std::errc() && rest == end;
}

}  // namespace

std::string MetaProperties::ToText() const {
  std::string text = "# A Qalam data directory. Written by qalamd; not to be edited or copied.\n";
  const auto line = [&](std::string_view key, const std::string& value) {
    text += std::string(key) + "=" + value + "\n";
  };
  line("version", std::to_string(kVersion));
  line("cluster.id", cluster_id);
  line("node.id", std::to_string(node_id));
  line("directory.id", directory_id);
  line("owner.epoch", std::to_string(owner_epoch));
  line("inode", std::to_string(inode));
  line("birth.ns", std::to_string(birth_ns));
  return text + std::string(kCrcKey) + Hex(Crc32c(AsBytes(text))) + "\n";
}

Result<MetaProperties> MetaProperties::Parse(std::string_view text, const std::string& path) {
  std::map<std::string, std::string, std::less<>> values;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    values[std::string(line.substr(0, equals))] = std::string(line.substr(equals + 1));
  }
  // The version first: a newer one may have any other content.
  std::int64_t version = 0;
  if (!ReadNumber(values, "version", version)) return Damaged(path, "no version");
  if (version > kVersion) {
    return Error(ErrorCode::kUnsupportedFormat,
                 path + " says format version " + std::to_string(version) +
                     "; this program knows version " + std::to_string(kVersion) + " at most")
        .With("path", path)
        .With("version", version)
        .With("supported_version", kVersion);
  }
  const std::size_t crc_at = text.rfind(kCrcKey);
  if (crc_at == std::string_view::npos) return Damaged(path, "no checksum: the file is cut");
  const std::string_view crc = text.substr(crc_at + kCrcKey.size());
  if (crc != Hex(Crc32c(AsBytes(text.substr(0, crc_at)))) + "\n") {
    return Damaged(path, "its checksum is wrong: the file is damaged, or was edited");
  }
  MetaProperties meta;
  meta.cluster_id = values["cluster.id"];
  meta.directory_id = values["directory.id"];
  if (version != kVersion || meta.cluster_id.empty() || meta.directory_id.empty() ||
      !ReadNumber(values, "node.id", meta.node_id) ||
      !ReadNumber(values, "owner.epoch", meta.owner_epoch) ||
      !ReadNumber(values, "inode", meta.inode) || !ReadNumber(values, "birth.ns", meta.birth_ns)) {
    return Damaged(path, "a line is missing or can't be read");
  }
  return meta;
}

}  // namespace qalam
