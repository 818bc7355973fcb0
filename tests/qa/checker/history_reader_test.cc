#include "tests/qa/checker/history_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/qa/checker/checker.h"
#include "tests/qa/checker/history_generator.h"
#include "tests/qa/checker/history_writer.h"

namespace qalam::qa {
namespace {

const std::string kPlan =
    R"({"event":"plan","t_ns":0,"acks_min":1,"reads_min":0,"readbacks_min":0})"
    "\n";
const std::string kSend =
    R"({"event":"send","t_ns":5,"partition":"t/0","producer":"a","seq":0,"record":"a-0","digest":"d"})"
    "\n";
const std::string kAck =
    R"({"event":"ack","t_ns":9,"partition":"t/0","record":"a-0","offset":0,"epoch":1,"durability":"fsync"})"
    "\n";
const std::string kReadback =
    R"({"event":"readback","t_ns":9,"begin_ns":9,"partition":"t/0","way":"w","log_start":0,"log_end":1})"
    "\n";

std::string ErrorOf(const std::string& text) {
  const Result<History> history = ReadHistory(text);
  return history.ok() ? "none" : history.error().message();
}

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(HistoryReaderTest, EventsMayStandInAnyOrder) {
  EXPECT_EQ(ErrorOf(kPlan + kSend + kAck), "none");
  EXPECT_EQ(ErrorOf(kAck + kSend + kPlan), "none");
}

TEST(HistoryReaderTest, MalformedLinesAreRefusedByNumber) {
  struct Case {
    std::string text;
    std::string error;
  };
  const std::vector<Case> cases = {
      {"", "the history has no \"plan\""},
      {kSend + kAck, "the history has no \"plan\""},
      {kPlan + "\n", "line 2: not a JSON object"},
      {kPlan + "[1]\n", "line 2: not a JSON object"},
      {kPlan + kSend.substr(0, 40), "line 2: cut short: no newline at its end"},
      {kPlan + kSend.substr(0, 40) + "\n", "line 2: not a JSON object"},
      {kPlan + kPlan, "line 2: a second \"plan\""},
      {Replaced(kPlan, "\"acks_min\":1", "\"acks_min\":0"), "line 1: acks_min must be at least 1"},
      {kPlan + Replaced(kSend, "send", "sent"), "line 2: unknown event \"sent\""},
      {kPlan + Replaced(kSend, "\"seq\"", "\"sequence\""), "line 2: field \"seq\" is missing"},
      {kPlan + Replaced(kSend, "{", "{\"x\":1,"), "line 2: unknown field \"x\""},
      {kPlan + Replaced(kSend, "\"a-0\"", "7"),
       "line 2: field \"record\" must be a string that is not empty"},
      {kPlan + Replaced(kSend, ":5,", ":-5,"),
       "line 2: field \"t_ns\" must be an integer from 0 to 2^62"},
      {kPlan + Replaced(kSend, ":5,", ":5.0,"),
       "line 2: field \"t_ns\" must be an integer from 0 to 2^62"},
      {kPlan + Replaced(kSend, ":5,", ":18446744073709551615,"),
       "line 2: field \"t_ns\" must be an integer from 0 to 2^62"},
      {kPlan + Replaced(kSend, "{", "{\"idempotent\":1,"),
       "line 2: field \"idempotent\" must be true or false"},
      {kPlan + kSend + Replaced(kAck, "fsync", "hope"),
       "line 3: field \"durability\" has an unknown value \"hope\""},
      {kPlan + kAck, "line 2: no \"send\" of \"a-0\" to t/0"},
      {kPlan + kSend + Replaced(kAck, ":9,", ":4,"), "line 3: answered before sent"},
      {kPlan + kSend + kAck + kAck, "line 4: a second outcome of \"a-0\""},
      {kPlan + kSend + kSend, "line 3: record \"a-0\" is sent a second time"},
      {kPlan + kSend + Replaced(kSend, "a-0", "a-1"),
       "line 3: seq 0 of producer \"a\" is used a second time"},
      {kPlan + Replaced(kReadback, "\"begin_ns\":9", "\"begin_ns\":10"),
       "line 2: answered before asked: begin_ns > t_ns"},
      {kPlan + Replaced(kReadback, "\"log_start\":0", "\"log_start\":2"),
       "line 2: log_end < log_start"},
      {kPlan + kReadback + kReadback, "line 3: a second \"readback\" by w"},
      {kPlan +
           R"({"event":"found","t_ns":9,"partition":"t/0","way":"w","offset":0,"record":null,"digest":"d","epoch":1,"append_ms":0})"
           "\n",
       "line 2: \"found\" before its \"readback\" by \"w\""},
  };
  for (const Case& each : cases) EXPECT_EQ(ErrorOf(each.text), each.error) << each.text;
}

// A history that is cut or has a byte changed is refused or judged; nothing else happens to it.
TEST(HistoryReaderTest, DamagedFilesNeverCrash) {
  const std::string whole = WriteHistory(GenerateHistory({.seed = 7, .steps = 60}));
  std::mt19937_64 random(7);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text = whole.substr(0, random() % 2 == 0 ? random() % whole.size() : whole.size());
    if (!text.empty()) text[random() % text.size()] = static_cast<char>(random());
    const Result<History> history = ReadHistory(text);
    if (history.ok()) {
      Judge(*history);
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace qalam::qa
