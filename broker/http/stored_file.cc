#include "broker/http/stored_file.h"

#include <utility>

#include "common/check.h"
#include "common/record/compression.h"

namespace qalam {
namespace {

constexpr std::size_t kFileBytesMax = 64 << 20;

// Takes "a, b;q=0.5" apart: the next element without blanks around it.
std::string_view NextElement(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  std::string_view element = list.substr(0, comma);
  list.remove_prefix(std::min(comma + 1, list.size()));
  while (element.starts_with(' ')) element.remove_prefix(1);
  while (element.ends_with(' ')) element.remove_suffix(1);
  return element;
}

bool AcceptsGzip(std::string_view accepted) {
  while (!accepted.empty()) {
    const std::string_view element = NextElement(accepted);
    const std::string_view coding = element.substr(0, element.find(';'));
    if (coding != "gzip" && coding != "*") continue;
    const std::size_t quality = element.find("q=0");
    return quality == std::string_view::npos ||
           element.find_first_of("123456789", quality) != std::string_view::npos;
  }
  return false;
}

bool HasTag(std::string_view tags, std::string_view etag) {
  while (!tags.empty()) {
    std::string_view tag = NextElement(tags);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag || tag == "*") return true;
  }
  return false;
}

}  // namespace

std::string ContentTypeOf(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".map", "application/json"}};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return std::string(type);
  }
  return "application/octet-stream";
}

HttpResponse ServeStored(const StoredFile& file, const HttpRequest& request, std::string cache) {
  HttpResponse response;
  response.content_type = ContentTypeOf(file.name);
  response.headers = {{"ETag", std::string(file.etag)},
                      {"Cache-Control", std::move(cache)},
                      {"Vary", "Accept-Encoding"}};
  if (HasTag(request.Header("if-none-match"), file.etag)) {
    response.status = 304;
  } else if (AcceptsGzip(request.Header("accept-encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = std::string(AsText(file.gzipped));
  } else {
    const Result<Bytes> plain = Decompress(CompressionType::kGzip, file.gzipped, kFileBytesMax);
    QALAM_CHECK(plain.ok());  // The build's own.
    response.body = std::string(AsText(*plain));
  }
  return response;
}

}  // namespace qalam
