#include "broker/http/console_pages.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/printable.h"

namespace qalam {
namespace {

constexpr std::string_view kIndex = "index.html";
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
    "data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string NameOf(const HttpRequest& request) {
  const std::string asset = request.Part("file");
  return asset.empty() ? std::string(kIndex) : "assets/" + asset;
}

HttpResponse NoFile(const std::string& name) {
  return ErrorResponse(Error(ErrorCode::kNotFound, "the console has no file " + Quoted(name)));
}

void AddPage(HttpPages& pages, const HttpPage& page) {
  const HttpPage with_policy = [page](const HttpRequest& request, HttpReply reply) {
    page(request, [reply = std::move(reply)](HttpResponse response) mutable {
      response.headers.emplace_back("Content-Security-Policy", kPolicy);
      reply(std::move(response));
    });
  };
  pages.Add("/", with_policy);
  pages.Add("/assets/{file}", with_policy);
}

// One name without a way out of the directory: no slash can be in it, and no hidden file is meant.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

}  // namespace

void AddConsolePages(HttpPages& pages, std::span<const StoredFile> files) {
  AddPage(pages, [files](const HttpRequest& request, HttpReply reply) {
    const std::string name = NameOf(request);
    for (const StoredFile& file : files) {
      if (file.name != name) continue;
      const bool hashed = name != kIndex;
      reply(
          ServeStored(file, request, hashed ? "public, max-age=31536000, immutable" : "no-cache"));
      return;
    }
    reply(NoFile(name));
  });
}

void AddConsoleDirectory(HttpPages& pages, const std::string& directory) {
  AddPage(pages, [directory](const HttpRequest& request, HttpReply reply) {
    const std::string name = NameOf(request);
    const std::filesystem::path path = std::filesystem::path(directory) / name;
    std::error_code ignored;
    std::ifstream in;
    if (name == kIndex || IsPlainName(request.Part("file"))) {
      if (std::filesystem::is_regular_file(path, ignored)) in.open(path, std::ios::binary);
    }
    if (!in.is_open()) {
      reply(NoFile(name));
      return;
    }
    HttpResponse response;
    response.content_type = ContentTypeOf(name);
    response.body.assign(std::istreambuf_iterator<char>(in), {});
    response.headers = {{"Cache-Control", "no-store"}};
    reply(std::move(response));
  });
}

}  // namespace qalam
