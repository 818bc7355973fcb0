#include "common/logging.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>

namespace qalam {
namespace {

// What `log` writes to stderr under `options`.
template <typename F>
std::string Logged(const LoggingOptions& options, F log) {
  ConfigureLogging(options);
  testing::internal::CaptureStderr();
  log();
  std::string text = testing::internal::GetCapturedStderr();
  ConfigureLogging({});
  return text;
}

TEST(LoggingTest, ALineHasTimeLevelFolderAndEvent) {
  const std::string text =
      Logged({}, [] { Logger("log").info("segment rolled base={} bytes={}", 42, 1000); });
  EXPECT_TRUE(
      std::regex_match(text, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info +log: )"
                                        R"(segment rolled base=42 bytes=1000\n)")))
      << text;
}

TEST(LoggingTest, ALoggerIsMadeOnceAFolder) {
  EXPECT_EQ(&Logger("log"), &Logger("log"));
  EXPECT_NE(&Logger("log"), &Logger("rpc"));
}

TEST(LoggingTest, TheLevelHoldsForLoggersThatExistAlready) {
  spdlog::logger& logger = Logger("level");
  const auto log = [&] {
    logger.debug("detail");
    logger.warn("look");
  };
  EXPECT_EQ(Logged({.level = "info"}, log).find("detail"), std::string::npos);
  EXPECT_NE(Logged({.level = "debug"}, log).find("detail"), std::string::npos);
  EXPECT_EQ(Logged({.level = "error"}, log), "");
  EXPECT_NE(Logged({.level = "nonsense"}, log).find("look"), std::string::npos);
}

TEST(LoggingTest, WhatOthersChoseCannotBeginALineOfItsOwn) {
  const std::string evil = "x\n2026-01-01T00:00:00.000Z error log: forged\x1b[2J \xff";
  const std::string text = Logged({}, [&] { Logger("rpc").info("client id={}", evil); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find(R"(id=x\x0a2026)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(\xff)"), std::string::npos) << text;
}

TEST(LoggingTest, JsonIsOneValidObjectALine) {
  const std::string evil = "\"q\" \\ \n \x01 \xff \xc3\xa9 \xc2\x9b";
  const std::string text =
      Logged({.level = "info", .json = true}, [&] { Logger("rpc").warn("id={}", evil); });
  const std::string escaped =
      "\\\\\"q\\\\\" \\\\\\\\ \\\\u000a \\\\u0001 \\\\ufffd \xc3\xa9 \\\\u009b";
  EXPECT_TRUE(std::regex_match(
      text, std::regex(R"(\{"ts":"[^"]+Z","level":"warning","logger":"rpc","thread":"[^"]+",)"
                       R"("msg":"id=)" +
                       escaped + R"(","id":"q"\}\n)")))
      << text;
}

TEST(LoggingTest, JsonHasAMemberForEachKeyOfTheMessage) {
  const std::string text = Logged({.level = "info", .json = true}, [] {
    Logger("log").info("segment rolled dir={} base={} cause=\"{}\"", "/d", 42, "IO_ERROR: no");
  });
  EXPECT_NE(text.find(R"("msg":"segment rolled dir=/d base=42 cause=\"IO_ERROR: no\"")"
                      R"(,"dir":"/d","base":"42","cause":"IO_ERROR: no"})"),
            std::string::npos)
      << text;
}

TEST(LoggingTest, WhatOthersChoseCannotReplaceAMemberOfJson) {
  const std::string text = Logged({.level = "info", .json = true}, [] {
    Logger("rpc").info("refused tp={} client={}", "a-0", "x tp=b-0 level=error msg=all is well");
  });
  EXPECT_NE(text.find(R"("level":"info")"), std::string::npos) << text;
  EXPECT_EQ(text.find(R"("level":"error")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("tp":"a-0")"), std::string::npos) << text;
  EXPECT_EQ(text.find(R"("tp":"b-0")"), std::string::npos) << text;
}

}  // namespace
}  // namespace qalam
