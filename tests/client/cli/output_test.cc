// What goes out: errors, tables, verdicts.
#include "client/cli/output.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <nlohmann/json.hpp>
#include <set>

#include "client/cli/verdicts.h"
#include "common/error.h"

namespace qalam::cli {
namespace {

std::string Err(const abi0::Error& error, Format format, int* exit = nullptr) {
  ::testing::internal::CaptureStderr();
  const int code = Report(error, format);
  if (exit != nullptr) *exit = code;
  return ::testing::internal::GetCapturedStderr();
}

TEST(OutputTest, AnErrorIsThreeLinesWithTheNextStep) {
  int exit = 0;
  const std::string text = Err(abi0::Error("UNKNOWN_TOPIC", "no topic \"ordres\"",
                                           {{"topic", "ordres"}, {"nearest", "orders"}}),
                               Format::kTable, &exit);
  EXPECT_EQ(exit, 4);
  EXPECT_EQ(text.find("error: UNKNOWN_TOPIC: no topic \"ordres\"\n"), 0u) << text;
  EXPECT_NE(text.find("\n  did you mean \"orders\"?"), std::string::npos) << text;
  EXPECT_NE(text.find("qalam topic create ordres"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  (exit 4; qalam explain UNKNOWN_TOPIC)\n"), std::string::npos) << text;
}

TEST(OutputTest, AnErrorInJsonIsOneObjectOnOneLine) {
  const std::string text =
      Err(abi0::Error("UNEXPECTED_OFFSET", "the log \"ends\" at 7\n", {{"log_end_offset", "7"}}),
          Format::kJson);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto error = nlohmann::json::parse(text).at("error");
  EXPECT_EQ(error.at("code"), "UNEXPECTED_OFFSET");
  EXPECT_EQ(error.at("message"), "the log \"ends\" at 7\n");
  EXPECT_EQ(error.at("details").at("log_end_offset"), "7");
  EXPECT_EQ(error.at("exit"), 8);
  EXPECT_FALSE(error.at("hint").get<std::string>().empty());
}

TEST(OutputTest, EveryWordHasOneOfTheDocumentedExitCodes) {
  const std::set<int> documented = {1, 2, 3, 4, 5, 6, 7, 8, 10};
  for (const core::ErrorInfo& info : core::AllErrors()) {
    EXPECT_EQ(documented.count(static_cast<int>(ExitOf(std::string(info.word)))), 1u) << info.word;
  }
  EXPECT_EQ(ExitOf("UNREACHABLE"), Exit::kUnreachable);
  EXPECT_EQ(ExitOf("UNKNOWN_TOPIC"), Exit::kNotFound);
  EXPECT_EQ(ExitOf("TOPIC_EXISTS"), Exit::kPrecondition);
  EXPECT_EQ(ExitOf("TIMED_OUT"), Exit::kTimedOut);
  EXPECT_EQ(ExitOf("A_WORD_OF_A_NEWER_BROKER"), Exit::kFailed);
}

TEST(OutputTest, ColoursOnlyWhereTheyAreWanted) {
  ::unsetenv("CLICOLOR_FORCE");
  ::unsetenv("NO_COLOR");
  EXPECT_EQ(Err(abi0::Error("IO_ERROR", "x"), Format::kTable).find('\x1b'), std::string::npos);
  ::setenv("CLICOLOR_FORCE", "1", 1);
  EXPECT_NE(Err(abi0::Error("IO_ERROR", "x"), Format::kTable).find('\x1b'), std::string::npos);
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(Err(abi0::Error("IO_ERROR", "x"), Format::kTable).find('\x1b'), std::string::npos);
  ::unsetenv("CLICOLOR_FORCE");
  ::unsetenv("NO_COLOR");
}

TEST(OutputTest, TheNearestNameIsToldOnce) {
  const abi0::Error error("INVALID_CONFIG", "no \"a.x\"; did you mean \"a.b\"?",
                          {{"nearest", "a.b"}});
  EXPECT_EQ(HintOf(error).find("did you mean"), std::string::npos);
}

TEST(OutputTest, AnEndingShowsTheRealExitCodeAndItsCounts) {
  const abi0::Error error("NO_SPACE", "full");
  const Ending ending{7, {{"acknowledged", 3}, {"failed", 1}}, "3 records acknowledged"};
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Report(error, Format::kJson, ending), 7);
  const auto json = nlohmann::json::parse(::testing::internal::GetCapturedStderr()).at("error");
  EXPECT_EQ(json.at("exit"), 7);
  EXPECT_EQ(json.at("acknowledged"), 3);
  EXPECT_EQ(json.at("failed"), 1);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Report(error, Format::kTable, ending), 7);
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("\n  3 records acknowledged\n  (exit 7; "), std::string::npos) << text;
}

TEST(OutputTest, OneIsSingular) {
  EXPECT_EQ(Counted(0, "record"), "0 records");
  EXPECT_EQ(Counted(1, "record"), "1 record");
  EXPECT_EQ(Counted(2000, "batch", "batches"), "2 000 batches");
}

std::string Out(const std::function<void()>& print) {
  ::testing::internal::CaptureStdout();
  print();
  return ::testing::internal::GetCapturedStdout();
}

TEST(OutputTest, TablesLineUpAndNumbersAreRightAligned) {
  EXPECT_EQ(Out([] {
              PrintTable({{"PART", "NAME"}, {"0", "a"}, {"11", "b\xc3\xa9"}});
            }),
            "PART  NAME\n   0  a\n  11  b\xc3\xa9\n");
}

TEST(OutputTest, AListIsOneDocumentOrALineEach) {
  const std::vector<nlohmann::ordered_json> items = {{{"a", 1}}, {{"a", 2}}};
  EXPECT_EQ(Out([&] { PrintJsonList(items, Format::kJson); }), "[{\"a\":1},{\"a\":2}]\n");
  EXPECT_EQ(Out([&] { PrintJsonList(items, Format::kNdjson); }), "{\"a\":1}\n{\"a\":2}\n");
  EXPECT_EQ(Out([&] { PrintJsonList({}, Format::kJson); }), "[]\n");
  EXPECT_EQ(Out([&] { PrintJsonList({}, Format::kNdjson); }), "");
  EXPECT_EQ(Out([&] {
              PrintJson({{"a", "\xff"}});
            }),
            "{\"a\":\"\xef\xbf\xbd\"}\n")
      << "valid JSON, always";
}

TEST(OutputTest, NumbersForPeople) {
  EXPECT_EQ(HumanNumber(std::int64_t{0}), "0");
  EXPECT_EQ(HumanNumber(std::int64_t{999}), "999");
  EXPECT_EQ(HumanNumber(std::int64_t{9882104}), "9 882 104");
  EXPECT_EQ(HumanNumber(std::int64_t{-123456}), "-123 456");
  EXPECT_EQ(HumanBytes(17), "17 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
  EXPECT_EQ(HumanBytes(std::int64_t{5} << 30), "5.0 GiB");
}

abi0::BatchReport Report(std::int64_t base_offset, std::int32_t count) {
  abi0::BatchReport report;
  report.topic = "orders";
  report.partition = 2;
  report.base_offset = base_offset;
  report.records_count = count;
  report.leader_epoch = 5;
  report.durability = abi0::Durability::kFsync;
  return report;
}

TEST(VerdictsTest, EachAcknowledgedRecordIsALineOfTheContract) {
  Verdicts verdicts(true);
  const std::string out = Out([&] {
    verdicts.Take(Report(100, 2));
    verdicts.Take(Report(7, 1));
  });
  EXPECT_EQ(out,
            R"({"topic":"orders","partition":2,"offset":100,"leader_epoch":5,"durability":"fsync"})"
            "\n"
            R"({"topic":"orders","partition":2,"offset":101,"leader_epoch":5,"durability":"fsync"})"
            "\n"
            R"({"topic":"orders","partition":2,"offset":7,"leader_epoch":5,"durability":"fsync"})"
            "\n");
  EXPECT_EQ(verdicts.acked_count(), 3u);
}

TEST(VerdictsTest, UnknownOffsetsStayUnknown) {
  Verdicts verdicts(true);
  const std::string out = Out([&] { verdicts.Take(Report(-1, 2)); });
  EXPECT_EQ(out.find("\"offset\":-1"), out.rfind("\"offset\":-1", out.find('\n')));
  EXPECT_EQ(out.find("\"offset\":0"), std::string::npos);
}

TEST(VerdictsTest, RefusedBatchesAreCountedAndTheFirstErrorKept) {
  Verdicts verdicts(true);
  abi0::BatchReport refused = Report(-1, 5);
  refused.status = abi0::Status(abi0::Error("NO_SPACE", "full"));
  const std::string out = Out([&] {
    verdicts.Take(refused);
    verdicts.Take(Report(0, 1));
    refused.status = abi0::Status(abi0::Error("CANCELLED", "late"));
    verdicts.Take(refused);
  });
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
  EXPECT_EQ(verdicts.failed_count(), 10u);
  EXPECT_EQ(verdicts.acked_count(), 1u);
  ASSERT_TRUE(verdicts.first_error());
  EXPECT_EQ(verdicts.first_error()->code(), "NO_SPACE");
}

TEST(VerdictsTest, PrintsNothingUnlessAsked) {
  Verdicts verdicts(false);
  EXPECT_EQ(Out([&] { verdicts.Take(Report(0, 3)); }), "");
}

}  // namespace
}  // namespace qalam::cli
