#include "broker/http/console_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "common/record/compression.h"
#include "tests/support/temp_directory.h"

namespace qalam {
namespace {

class ConsolePagesTest : public testing::Test {
 protected:
  ConsolePagesTest() {
    for (const std::string_view text : {kPage, kScript}) {
      EXPECT_TRUE(Compress(CompressionType::kGzip, AsBytes(text), zipped_.emplace_back()).ok());
    }
    files_ = {{"index.html", "\"1\"", zipped_[0]}, {"assets/index-4f.js", "\"2\"", zipped_[1]}};
  }
  HttpResponse Ask(const std::string& path, const std::string& header = "",
                   const std::string& value = "") {
    HttpRequest request;
    request.method = "GET";
    request.path = path;
    if (!header.empty()) request.headers[header] = value;
    std::optional<HttpResponse> answer;
    pages_.Answer(request, [&](HttpResponse response) { answer = std::move(response); });
    return answer.value();
  }
  static std::string Header(const HttpResponse& response, const std::string& name) {
    const auto found = std::find_if(response.headers.begin(), response.headers.end(),
                                    [&](const auto& each) { return each.first == name; });
    return found == response.headers.end() ? "" : found->second;
  }

  static constexpr std::string_view kPage = "<!doctype html><title>x</title>";
  static constexpr std::string_view kScript = "console.log(1)";
  std::vector<Bytes> zipped_;
  std::vector<StoredFile> files_;
  HttpPages pages_;
};

TEST_F(ConsolePagesTest, ThePageIsAskedForEachTimeAndItsAssetsOnce) {
  AddConsolePages(pages_, files_);
  const HttpResponse page = Ask("/");
  EXPECT_EQ(page.body, kPage);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Header(page, "Cache-Control"), "no-cache");
  const HttpResponse script = Ask("/assets/index-4f.js");
  EXPECT_EQ(script.body, kScript);
  EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
  EXPECT_NE(Header(script, "Cache-Control").find("immutable"), std::string::npos);
  for (const HttpResponse& response : {page, script}) {
    EXPECT_NE(Header(response, "Content-Security-Policy").find("default-src 'none'; script-src"),
              std::string::npos);
  }
  for (const char* const path : {"/index.html", "/assets/", "/assets/other.js", "/assets/a/b"}) {
    EXPECT_EQ(Ask(path).status, 404) << path;
  }
}

TEST_F(ConsolePagesTest, WhoAcceptsGzipGetsTheBytesAsTheyAre) {
  AddConsolePages(pages_, files_);
  for (const char* const accepted : {"gzip", "br, gzip", "deflate, gzip;q=0.5", "*"}) {
    const HttpResponse response = Ask("/", "accept-encoding", accepted);
    EXPECT_EQ(Header(response, "Content-Encoding"), "gzip") << accepted;
    EXPECT_EQ(response.body, AsText(zipped_[0]));
  }
  for (const char* const accepted : {"", "br", "gzip;q=0", "gzip; q=0.0, br", "x-gzip"}) {
    const HttpResponse response = Ask("/", "accept-encoding", accepted);
    EXPECT_EQ(Header(response, "Content-Encoding"), "") << accepted;
    EXPECT_EQ(response.body, kPage);
  }
}

TEST_F(ConsolePagesTest, WhoHasItIsToldSo) {
  AddConsolePages(pages_, files_);
  for (const char* const tag : {"\"1\"", "W/\"1\"", "\"0\", \"1\"", "*"}) {
    const HttpResponse response = Ask("/", "if-none-match", tag);
    EXPECT_EQ(response.status, 304) << tag;
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(Header(response, "ETag"), "\"1\"");
  }
  EXPECT_EQ(Ask("/", "if-none-match", "\"2\"").status, 200);
}

TEST_F(ConsolePagesTest, ADirectoryIsReadAtEachRequestAndNothingBesideIt) {
  const TempDirectory directory;
  const std::filesystem::path base = directory.path();
  const auto write = [&](const char* name, const char* text) {
    std::ofstream(base / name) << text;
  };
  std::filesystem::create_directories(base / "dist/assets");
  write("secret.js", "secret");
  write("dist/assets/a.js", "1");
  AddConsoleDirectory(pages_, base / "dist");
  EXPECT_EQ(Ask("/").status, 404);
  write("dist/index.html", "page");
  EXPECT_EQ(Ask("/").body, "page");
  EXPECT_EQ(Ask("/assets/a.js").body, "1");
  write("dist/assets/a.js", "2");
  EXPECT_EQ(Ask("/assets/a.js").body, "2");
  for (const char* const path :
       {"/assets/..", "/assets/../../secret.js", "/assets/.", "/assets/b"}) {
    EXPECT_EQ(Ask(path).status, 404) << path;
  }
}

TEST(StoredFileTest, WhatTheBuildPutInIsWhole) {
  ASSERT_FALSE(EmbeddedConsole().empty());
  EXPECT_EQ(EmbeddedConsole().front().name, "index.html");
  ASSERT_EQ(EmbeddedOpenApi().size(), 1u);
  for (const auto files : {EmbeddedConsole(), EmbeddedOpenApi()}) {
    for (const StoredFile& file : files) {
      const auto plain = Decompress(CompressionType::kGzip, file.gzipped, 1 << 24);
      ASSERT_TRUE(plain.ok()) << file.name;
      EXPECT_FALSE(plain->empty()) << file.name;
    }
  }
}

}  // namespace
}  // namespace qalam
