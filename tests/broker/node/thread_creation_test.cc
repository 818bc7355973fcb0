#include <gtest/gtest.h>
#include <pthread.h>

#include <cstddef>

#include "broker/node/exit_code.h"

namespace qalam {
namespace {

void* Nothing(void*) { return nullptr; }

TEST(ThreadCreationTest, AThreadThatStartsIsAsEver) {
  pthread_t thread{};
  ASSERT_EQ(pthread_create(&thread, nullptr, &Nothing, nullptr), 0);
  EXPECT_EQ(pthread_join(thread, nullptr), 0);
}

TEST(ThreadCreationDeathTest, AThreadThatCantBeHadEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        // More than an address space.
        pthread_attr_setstacksize(&attributes, (std::size_t{1} << 47) - 65536);
        pthread_t thread{};
        pthread_create(&thread, &attributes, &Nothing, nullptr);
      },
      testing::ExitedWithCode(static_cast<int>(ExitCode::kOutOfMemory)), "no thread");
}

}  // namespace
}  // namespace qalam
