// What comes in: files and pipes, settings, filters.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "client/cli/client_settings.h"
#include "client/cli/record_filter.h"
#include "client/cli/record_source.h"
#include "client/cli/session.h"
#include "tests/client/cli/record_fixture.h"
#include "tests/support/temp_directory.h"

namespace qalam::cli {
namespace {

// Everything that a source hands over, taken `step` bytes at a time; the last call's `last`.
struct Taken {
  std::string bytes;
  bool last = false;
  abi0::Status status;
};
Taken TakeAll(RecordSource& source, std::size_t step) {
  Taken taken;
  taken.status = source.ForEach(
      [&](std::string_view bytes, bool last) -> abi0::Result<std::size_t> {
        const std::size_t count = std::min(step, bytes.size());
        taken.bytes += bytes.substr(0, count);
        taken.last = last;
        return count;
      },
      [] { return false; });
  return taken;
}

TEST(RecordSourceTest, HandsOverAFileWholeAndSaysWhenItEnds) {
  const TempDirectory directory;
  std::string text(3'000'000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7);
  std::ofstream(directory.File("input"), std::ios::binary) << text;
  auto source = RecordSource::Open(directory.File("input"));
  ASSERT_TRUE(source.ok());
  EXPECT_FALSE(source->is_pipe());
  const Taken taken = TakeAll(*source, 700'001);
  EXPECT_TRUE(taken.status.ok());
  EXPECT_EQ(taken.bytes, text);
  EXPECT_TRUE(taken.last);
  EXPECT_EQ(source->bytes_read(), text.size());
}

TEST(RecordSourceTest, WaitsForAPipeThatStopsInBetween) {
  const TempDirectory directory;
  const std::string path = directory.File("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream pipe(path, std::ios::binary);
    pipe << "half a li" << std::flush;
    pipe << "ne\nand mo" << std::flush;
  });
  auto source = RecordSource::Open(path);
  ASSERT_TRUE(source.ok());
  EXPECT_TRUE(source->is_pipe());
  EXPECT_EQ(TakeAll(*source, 1000).bytes, "half a line\nand mo");
  writer.join();
}

TEST(RecordSourceTest, WhatCantBeReadIsATypedError) {
  const TempDirectory directory;
  const auto missing = RecordSource::Open(directory.File("none"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), "NOT_FOUND");
  EXPECT_NE(missing.error().message().find("none"), std::string::npos);
  const auto folder = RecordSource::Open(directory.path());
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code(), "IO_ERROR");
}

TEST(RecordSourceTest, ARecordWithoutEndIsRefusedBeforeMemoryRunsOut) {
  auto source = RecordSource::Open("/dev/zero");
  ASSERT_TRUE(source.ok());
  const Taken taken = TakeAll(*source, 0);
  ASSERT_FALSE(taken.status.ok());
  EXPECT_EQ(taken.status.error().code(), "BATCH_TOO_LARGE");
  EXPECT_LE(source->bytes_read(), RecordSource::kRecordBytesMax * 3);
}

TEST(RecordSourceTest, StopsWhenTold) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  auto source = RecordSource::Open("/dev/fd/" + std::to_string(ends[0]));
  ASSERT_TRUE(source.ok());
  int asked = 0;
  const auto status = source->ForEach(
      [](std::string_view bytes, bool) { return abi0::Result<std::size_t>(bytes.size()); },
      [&] { return ++asked > 2; });
  EXPECT_TRUE(status.ok());
  ::close(ends[0]);
  ::close(ends[1]);
}

// --- filters ---

bool Wants(const TestRecord::Spec& record, const std::string& value, const std::string& key = {},
           const std::vector<std::string>& headers = {}) {
  const auto filter = RecordFilter::Make(value, key, headers);
  EXPECT_TRUE(filter.ok());
  return filter.ok() && filter->Wants(TestRecord(record).view());
}

TEST(RecordFilterTest, AllConditionsMustHold) {
  const TestRecord::Spec record{
      .key = "42", .value = "order paid", .headers = {{"a", "1"}, {"a", "2"}}};
  EXPECT_TRUE(Wants(record, ""));
  EXPECT_TRUE(Wants(record, "paid$"));
  EXPECT_FALSE(Wants(record, "^paid"));
  EXPECT_TRUE(Wants(record, "paid", "^4"));
  EXPECT_FALSE(Wants(record, "paid", "^2"));
  EXPECT_TRUE(Wants(record, "", "", {"a=2"}));
  EXPECT_TRUE(Wants(record, "", "", {"a=1", "a=2"}));
  EXPECT_FALSE(Wants(record, "", "", {"a=3"}));
  EXPECT_FALSE(Wants(record, "", "", {"b=1"}));
}

TEST(RecordFilterTest, NullMatchesNothingAndBytesBehindAZeroCount) {
  EXPECT_FALSE(Wants({}, "."));
  EXPECT_FALSE(Wants({}, "", "."));
  EXPECT_TRUE(Wants({.value = std::string("a\0paid", 6)}, "paid"));
}

TEST(RecordFilterTest, WhatCantBeReadIsNamed) {
  const auto expression = RecordFilter::Make("(", "", {});
  ASSERT_FALSE(expression.ok());
  EXPECT_EQ(expression.error().code(), "INVALID_ARGUMENT");
  EXPECT_FALSE(RecordFilter::Make("", "[", {}).ok());
  EXPECT_FALSE(RecordFilter::Make("", "", {"novalue"}).ok());
}

// --- settings ---

TEST(ClientSettingsTest, AppliesWhatKafkasUsersType) {
  Session session;
  for (const std::string setting :
       {"delivery.timeout.ms=120000", "linger.ms=5", "batch.size=64KiB", "acks=1",
        "compression.type=zstd", "auto.offset.reset=earliest", "enable.idempotence=false",
        "bootstrap.servers=a:1,b:2", "client.id=me", "buffer.memory=10MiB"})
    EXPECT_TRUE(ApplyClientSetting(setting, session).ok()) << setting;
  EXPECT_EQ(session.producer.delivery_timeout, std::chrono::minutes(2));
  EXPECT_EQ(session.producer.linger, std::chrono::milliseconds(5));
  EXPECT_EQ(session.producer.batch_bytes, std::size_t{64} << 10);
  EXPECT_EQ(session.producer.acks, abi0::Acks::kLeader);
  EXPECT_EQ(session.producer.compression, abi0::Compression::kZstd);
  EXPECT_EQ(session.reader.out_of_range, abi0::OutOfRangePolicy::kEarliest);
  EXPECT_FALSE(session.producer.idempotent);
  EXPECT_EQ(session.bootstrap, "a:1,b:2");
  EXPECT_EQ(session.client_id, "me");
}

TEST(ClientSettingsTest, AnUnknownKeyNamesTheNearest) {
  Session session;
  const auto status = ApplyClientSetting("linger.mss=5", session);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message().find("linger.ms"), std::string::npos);
  EXPECT_EQ(status.error().code(), "INVALID_ARGUMENT");
}

TEST(ClientSettingsTest, AValueThatIsNotAllowedIsRefused) {
  for (const std::string setting : {"linger.ms=soon", "linger.ms=-1", "acks=some", "batch.size=0",
                                    "compression.type=rar", "=1", "linger.ms", "client.id="}) {
    Session session;
    EXPECT_FALSE(ApplyClientSetting(setting, session).ok()) << setting;
  }
}

}  // namespace
}  // namespace qalam::cli
