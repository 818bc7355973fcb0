#include "client/cli/bundle.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <nlohmann/json.hpp>

#include "client/cli/redact.h"
#include "client/cli/tar_gz.h"

namespace qalam::cli {
namespace {

std::string Unzipped(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string input = bytes;
  std::string out(std::size_t{1} << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(RedactTest, NamesThatHoldSecrets) {
  for (const char* name : {"sasl.password", "API_TOKEN", "ssl.private.key", "client-secret",
                           "aws_access_key_id", "Authorization", "api_key", "sasl.jaas.config"}) {
    EXPECT_TRUE(IsSecretName(name)) << name;
  }
  for (const char* name : {"log.dirs", "listeners", "key", "topic", "qalam.flush", ""}) {
    EXPECT_FALSE(IsSecretName(name)) << name;
  }
}

TEST(RedactTest, ValuesBehindSuchNamesGo) {
  EXPECT_EQ(Redacted("a password=hunter2 b"), "a password=(redacted) b");
  EXPECT_EQ(Redacted("password: hunter2"), "password: (redacted)");
  EXPECT_EQ(Redacted(R"j({"password":"hun\"ter2","n":1})j"),
            R"j({"password":"(redacted)","n":1})j");
  EXPECT_EQ(Redacted(R"j({"api_token": 123, "n": 1})j"),
            R"j({"api_token": "(redacted)", "n": 1})j");
  EXPECT_EQ(Redacted("changed key=db.password value=x y"),
            "changed key=db.password value=(redacted) y");
  EXPECT_EQ(Redacted("secret='a b' c"), "secret='(redacted)' c");
  EXPECT_EQ(Redacted("secret="), "secret=");
  EXPECT_EQ(Redacted("token=\"open"), "token=\"(redacted)\"");
}

TEST(RedactTest, SoDoOtherShapesOfSecrets) {
  EXPECT_EQ(Redacted("http://bob:pw@host/x?y"), "http://(redacted)@host/x?y");
  EXPECT_EQ(Redacted("http://host/a@b"), "http://host/a@b");
  EXPECT_EQ(Redacted("Authorization: Bearer abc.def"), "Authorization: (redacted)");
  EXPECT_EQ(Redacted("sent Bearer abc.def"), "sent Bearer (redacted)");
  EXPECT_EQ(Redacted("x\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\ny"),
            "x\n(redacted)\ny");
  EXPECT_EQ(Redacted("-----BEGIN X-----\nMII"), "(redacted)");
}

TEST(RedactTest, PeersLoseTheirSecondHalf) {
  EXPECT_EQ(ShortenedPeer("ipv4:10.1.2.3:40122"), "ipv4:10.1.x.x");
  EXPECT_EQ(ShortenedPeer("ipv6:[2001:db8::1]:40122"), "ipv6:2001:x");
  EXPECT_EQ(ShortenedPeer("ipv6:%5B2001:db8::1%5D:40122"), "ipv6:2001:x");
  EXPECT_EQ(ShortenedPeer("ipv4:garbage"), "ipv4:x");
  EXPECT_EQ(ShortenedPeer("unix:uid=1000"), "unix:uid=1000");
}

TEST(TarGzTest, HoldsItsFilesInBlocksWithHeaders) {
  TarGz archive(1'700'000'000);
  ASSERT_TRUE(archive.Add("a/b.txt", "hello").ok());
  ASSERT_TRUE(archive.Add("empty", "").ok());
  EXPECT_FALSE(archive.Add("", "x").ok());
  EXPECT_FALSE(archive.Add(std::string(101, 'x'), "x").ok());
  const std::string tar = Unzipped(archive.Finish());
  ASSERT_EQ(tar.size(), 512u * (2 + 1 + 2));
  EXPECT_EQ(tar.compare(0, 8, std::string("a/b.txt\0", 8)), 0);
  EXPECT_EQ(tar.substr(257, 5), "ustar");
  EXPECT_EQ(tar.substr(124, 11), "00000000005");
  EXPECT_EQ(tar.substr(512, 5), "hello");
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < 512; ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(tar[i]);
  }
  EXPECT_EQ(std::stoul(tar.substr(148, 6), nullptr, 8), sum);
}

TEST(BundleTest, EverythingIsRedactedAndInTheManifest) {
  Bundle bundle;
  bundle.Add("a.txt", "what a is", "password=hunter2 \xff");
  bundle.AddJson("b.json", "what b is", {{"token", "hunter2"}, {"n", 1}});
  bundle.Lacks("c.txt", "secret=hunter2");
  const auto archive = bundle.Archive("folder", 1'700'000'000'000);
  ASSERT_TRUE(archive.ok());
  const std::string tar = Unzipped(*archive);
  EXPECT_EQ(tar.find("hunter2"), std::string::npos);
  EXPECT_NE(tar.find("folder/MANIFEST.txt"), std::string::npos);
  const std::string manifest = bundle.Manifest(0);
  for (const char* part : {"a.txt", "what a is", "b.json", "c.txt", "Never in it", "records"}) {
    EXPECT_NE(manifest.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace qalam::cli
