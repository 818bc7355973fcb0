#include "broker/rpc/byte_buffers.h"

#include <grpcpp/support/slice.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "qalam/v1/log.pb.h"

namespace qalam {
namespace {

std::string Text(const std::vector<SharedSlice>& slices) {
  std::string text;
  for (const SharedSlice& slice : slices) text += AsText(slice.view());
  return text;
}

TEST(ByteBuffersTest, SlicesOutliveTheBuffer) {
  std::vector<SharedSlice> slices;
  {
    const grpc::Slice parts[] = {grpc::Slice("short"), grpc::Slice(std::string(5000, 'x'))};
    const grpc::ByteBuffer buffer(parts, 2);
    auto taken = SlicesOf(buffer);
    ASSERT_TRUE(taken.ok());
    slices = std::move(taken).value();
  }
  EXPECT_EQ(Text(slices), "short" + std::string(5000, 'x'));
}

TEST(ByteBuffersTest, AnEmptyBufferHasNoSlices) {
  const grpc::ByteBuffer nothing;
  const auto slices = SlicesOf(nothing);
  ASSERT_TRUE(slices.ok());
  EXPECT_EQ(Text(*slices), "");
}

TEST(ByteBuffersTest, WhatIsSentIsBorrowedAndLetGo) {
  auto owner = std::make_shared<const std::string>(4096, 'y');
  std::weak_ptr<const std::string> alive = owner;
  const SharedSlice slice(owner, AsBytes(*owner));
  const std::byte* const bytes = slice.view().data();
  {
    const grpc::ByteBuffer buffer =
        ToByteBuffer({SharedSlice::Copy(AsBytes("head")), slice, SharedSlice()});
    owner.reset();
    EXPECT_EQ(buffer.Length(), 4100u);
    const auto back = SlicesOf(buffer);
    EXPECT_EQ(Text(*back), "head" + std::string(4096, 'y'));
    EXPECT_EQ((*back)[1].view().data(), bytes);
  }
  EXPECT_FALSE(alive.expired()) << "our own slice";
  const_cast<SharedSlice&>(slice) = {};
  EXPECT_TRUE(alive.expired());
}

TEST(ByteBuffersTest, MessagesAreParsedFromOneSliceOrMany) {
  v1::FetchRequest request;
  request.set_topic("a topic with a longer name");
  request.set_offset(77);
  const std::string bytes = request.SerializeAsString();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const grpc::Slice parts[] = {grpc::Slice(bytes.substr(0, cut)), grpc::Slice(bytes.substr(cut))};
    v1::FetchRequest parsed;
    ASSERT_TRUE(ParseMessage(grpc::ByteBuffer(parts, 2), parsed).ok());
    EXPECT_EQ(parsed.SerializeAsString(), bytes);
  }
  const grpc::Slice garbage("\xff\xff\xff");
  v1::FetchRequest parsed;
  EXPECT_FALSE(ParseMessage(grpc::ByteBuffer(&garbage, 1), parsed).ok());
}

}  // namespace
}  // namespace qalam
