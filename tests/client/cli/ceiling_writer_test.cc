#include "client/cli/ceiling_writer.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

namespace qalam::cli {
namespace {

// What the disk, the connections and the writer's owner saw, in order. Thread: any.
class Transcript {
 public:
  void Add(const std::string& line) {
    const std::lock_guard lock(mutex_);
    text_ += line;
    changed_.notify_all();
  }
  // Waits until `line` was added.
  std::string TextWith(const std::string& line) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30),
                      [&] { return text_.find(line) != std::string::npos; });
    return text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
};

class FakeFile final : public CeilingFile {
 public:
  explicit FakeFile(Transcript& transcript) : transcript_(transcript) {}
  Status Write(std::span<const BytesView> parts) override {
    std::size_t bytes = 0;
    for (const BytesView part : parts) bytes += part.size();
    transcript_.Add("write " + std::to_string(bytes) + "\n");
    if (write_fails) return Error(ErrorCode::kNoSpace, "the disk is full");
    return OkStatus();
  }
  Status Sync() override {
    transcript_.Add("sync\n");
    if (hold.valid()) hold.wait();
    return OkStatus();
  }

  bool write_fails = false;
  std::shared_future<void> hold;  // Of the first sync.

 private:
  Transcript& transcript_;
};

class FakeSource final : public BatchSource {
 public:
  FakeSource(Transcript& transcript, std::string name)
      : transcript_(transcript), name_(std::move(name)) {}
  void Acknowledge(std::uint64_t batches_count) override {
    transcript_.Add("ack " + name_ + " " + std::to_string(batches_count) + "\n");
  }

 private:
  Transcript& transcript_;
  const std::string name_;
};

ArrivedBatch BatchOf(std::size_t bytes, const std::shared_ptr<BatchSource>& source) {
  const auto memory = std::make_shared<const Bytes>(bytes);
  return {{BytesView(*memory)}, memory, source};
}

TEST(CeilingWriterTest, AcknowledgesAfterTheSyncAndWhatCameMeanwhileTogether) {
  Transcript transcript;
  std::promise<void> go;
  auto file = std::make_unique<FakeFile>(transcript);
  file->hold = go.get_future().share();
  const auto a = std::make_shared<FakeSource>(transcript, "a");
  CeilingWriter writer(std::move(file), CeilingAck::kFsync, [](const Error&) { FAIL(); });
  writer.Post(BatchOf(10, a));
  EXPECT_EQ(transcript.TextWith("sync"), "write 10\nsync\n");
  writer.Post(BatchOf(1, a));
  writer.Post(BatchOf(2, a));
  writer.Post(BatchOf(3, a));
  go.set_value();
  EXPECT_EQ(transcript.TextWith("ack a 3"), "write 10\nsync\nack a 1\nwrite 6\nsync\nack a 3\n");
}

TEST(CeilingWriterTest, TellsEveryConnectionItsOwnCount) {
  Transcript transcript;
  std::promise<void> go;
  auto file = std::make_unique<FakeFile>(transcript);
  file->hold = go.get_future().share();
  const auto a = std::make_shared<FakeSource>(transcript, "a");
  const auto b = std::make_shared<FakeSource>(transcript, "b");
  CeilingWriter writer(std::move(file), CeilingAck::kFsync, [](const Error&) { FAIL(); });
  writer.Post(BatchOf(10, a));
  transcript.TextWith("sync");
  for (int i = 0; i < 3; ++i) {
    writer.Post(BatchOf(1, a));
    writer.Post(BatchOf(1, b));
  }
  go.set_value();
  transcript.TextWith("ack a 3");
  EXPECT_NE(transcript.TextWith("ack b 3").find("ack b 3"), std::string::npos);
}

TEST(CeilingWriterTest, SyncsNothingWhenTheWriteIsEnough) {
  Transcript transcript;
  const auto a = std::make_shared<FakeSource>(transcript, "a");
  CeilingWriter writer(std::make_unique<FakeFile>(transcript), CeilingAck::kWrite,
                       [](const Error&) { FAIL(); });
  writer.Post(BatchOf(10, a));
  EXPECT_EQ(transcript.TextWith("ack"), "write 10\nack a 1\n");
}

TEST(CeilingWriterTest, SplitsALargeGroupIntoBoundedWritesWithOneSync) {
  Transcript transcript;
  const auto a = std::make_shared<FakeSource>(transcript, "a");
  ArrivedBatch batch = BatchOf(kCeilingWriteBytesMax - 1, a);
  const auto more = std::make_shared<const Bytes>(5);
  batch.parts.push_back(BytesView(*more));
  CeilingWriter writer(std::make_unique<FakeFile>(transcript), CeilingAck::kFsync,
                       [](const Error&) { FAIL(); });
  writer.Post(std::move(batch));
  EXPECT_EQ(transcript.TextWith("ack"),
            "write " + std::to_string(kCeilingWriteBytesMax - 1) + "\nwrite 5\nsync\nack a 1\n");
}

TEST(CeilingWriterTest, TellsOfTheFirstErrorAndAcknowledgesNothingFromThenOn) {
  Transcript transcript;
  auto file = std::make_unique<FakeFile>(transcript);
  file->write_fails = true;
  const auto a = std::make_shared<FakeSource>(transcript, "a");
  {
    CeilingWriter writer(std::move(file), CeilingAck::kFsync,
                         [&](const Error& error) { transcript.Add(error.ToString() + "\n"); });
    writer.Post(BatchOf(10, a));
    transcript.TextWith("NO_SPACE");
    writer.Post(BatchOf(10, a));
  }
  EXPECT_EQ(transcript.TextWith("NO_SPACE"), "write 10\nNO_SPACE: the disk is full\n");
}

}  // namespace
}  // namespace qalam::cli
