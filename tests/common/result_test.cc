#include "common/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace qalam {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Error(ErrorCode::kInvalidArgument, "odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  QALAM_ASSIGN_OR_RETURN(const int half, Half(number));
  QALAM_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckEven(int number) {
  QALAM_RETURN_IF_ERROR(Half(number));
  return OkStatus();
}

TEST(ResultTest, HandsErrorsOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).error().message(), "odd");
  EXPECT_TRUE(CheckEven(2).ok());
  EXPECT_EQ(CheckEven(3).error().code(), ErrorCode::kInvalidArgument);
}

TEST(ResultTest, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(ResultDeathTest, ReadingWhatIsNotThereAborts) {
  EXPECT_DEATH((void)Half(3).value(), "check failed");
  EXPECT_DEATH((void)Half(2).error(), "check failed");
  EXPECT_DEATH((void)OkStatus().error(), "check failed");
}

}  // namespace
}  // namespace qalam
