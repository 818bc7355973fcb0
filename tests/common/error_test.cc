#include "common/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace qalam {
namespace {

TEST(ErrorTest, TheTableIsDenseAndSortedByCode) {
  std::uint16_t expected = 1;
  for (const ErrorInfo& info : AllErrors()) {
    EXPECT_EQ(static_cast<std::uint16_t>(info.code), expected++);
    EXPECT_EQ(InfoOf(info.code).word, info.word);
  }
  EXPECT_EQ(AllErrors().back().code, ErrorCode::kForked);  // A new code: extend this.
}

TEST(ErrorTest, WordsAreUniqueAndUpperSnake) {
  std::set<std::string_view> words;
  for (const ErrorInfo& info : AllErrors()) {
    EXPECT_TRUE(words.insert(info.word).second) << info.word;
    EXPECT_FALSE(info.word.empty());
    EXPECT_EQ(info.word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), std::string_view::npos);
    EXPECT_EQ(ErrorCodeFromWord(info.word), info.code);
  }
  EXPECT_FALSE(ErrorCodeFromWord("NO_SUCH_WORD"));
  EXPECT_FALSE(ErrorCodeFromWord(""));
}

TEST(ErrorTest, EveryRowTellsWhatHappenedAndWhatToDo) {
  const std::set<int> exits = {1, 2, 3, 4, 5, 6, 7, 8, 10};
  for (const ErrorInfo& info : AllErrors()) {
    EXPECT_TRUE(info.meaning.ends_with(".")) << info.word;
    EXPECT_TRUE(info.remedy.ends_with(".")) << info.word;
    EXPECT_TRUE(exits.contains(info.cli_exit)) << info.word;
  }
}

TEST(ErrorTest, KeepsItsDetails) {
  const Error error = Error(ErrorCode::kUnknownTopic, "no topic named \"x\"")
                          .With("topic", "x")
                          .With("log_end_offset", std::int64_t{42});
  EXPECT_EQ(error.ToString(), "UNKNOWN_TOPIC: no topic named \"x\"");
  EXPECT_EQ(error.detail("topic"), "x");
  EXPECT_EQ(error.detail("log_end_offset"), "42");
  EXPECT_FALSE(error.detail("other"));
}

}  // namespace
}  // namespace qalam
