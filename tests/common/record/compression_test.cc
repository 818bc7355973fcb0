#include "common/record/compression.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "tests/common/record/record_test_util.h"

namespace qalam {
namespace {

using namespace record_testing;

constexpr std::size_t kCap = std::size_t{64} << 20;
constexpr std::array kCodecs = {CompressionType::kGzip, CompressionType::kSnappy,
                                CompressionType::kLz4, CompressionType::kZstd};

Bytes Packed(CompressionType type, BytesView input, int level = 0) {
  Bytes out;
  const Status status = Compress(type, input, out, level);
  EXPECT_TRUE(status.ok()) << status.error().ToString();
  return out;
}

std::string Outcome(CompressionType type, BytesView input, std::size_t cap = kCap) {
  const auto out = Decompress(type, input, cap);
  return out.ok() ? std::to_string(out.value().size()) + " bytes" : out.error().ToString();
}

Bytes Sample(std::size_t size, unsigned letters) {
  std::mt19937_64 random(size + letters);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() % letters);
  return bytes;
}

class CodecTest : public testing::TestWithParam<CompressionType> {};

TEST_P(CodecTest, RoundTripsEverySizeAndKindOfInput) {
  for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 26, 1000, 32767, 32768,
                                                                   32769, 65536, 65537, 1 << 20}) {
    for (const unsigned letters : {1U, 4U, 256U}) {
      const Bytes input = Sample(size, letters);
      const Bytes packed = Packed(GetParam(), input);
      const auto back = Decompress(GetParam(), packed, size);
      ASSERT_TRUE(back.ok()) << size << " " << back.error().ToString();
      EXPECT_TRUE(back.value() == input) << size;
    }
  }
}

TEST_P(CodecTest, AppendsToWhatIsThere) {
  Bytes out = FromHex("aabb");
  ASSERT_TRUE(Compress(GetParam(), AsBytes("hello"), out).ok());
  EXPECT_EQ(ToHex(BytesView(out).first(2)), "aabb");
  EXPECT_EQ(ToHex(BytesView(out).subspan(2)), ToHex(Packed(GetParam(), AsBytes("hello"))));
}

TEST_P(CodecTest, OneByteOverTheCapIsTheLimitError) {
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 5000, 70'000, 300'000}) {
    const Bytes packed = Packed(GetParam(), Sample(size, 4));
    EXPECT_EQ(Outcome(GetParam(), packed, size), std::to_string(size) + " bytes");
    const auto over = Decompress(GetParam(), packed, size - 1);
    ASSERT_FALSE(over.ok());
    EXPECT_EQ(over.error().code(), ErrorCode::kDecompressionLimit);
  }
}

TEST_P(CodecTest, ABombTakesMemoryForTheCapOnly) {
  const Bytes packed = Packed(GetParam(), Bytes(std::size_t{32} << 20));
  Bytes out;
  const Status status = DecompressInto(GetParam(), packed, 100'000, out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kDecompressionLimit);
  EXPECT_LE(out.size(), 100'001U);  // One byte more tells "more" from "exactly".
  EXPECT_LE(out.capacity(), 200'002U);
}

TEST_P(CodecTest, EveryTruncationIsCorrupt) {
  const Bytes packed = Packed(GetParam(), Sample(100'000, 4));
  // All short ones and the last ones; a step between.
  for (std::size_t size = 0; size < packed.size();
       size += (size < 40 || packed.size() - size < 40) ? 1 : 13) {
    const auto out = Decompress(GetParam(), BytesView(packed).first(size), kCap);
    // A xerial stream may end after any whole block: the records inside will be missed.
    if (out.ok()) {
      EXPECT_EQ(GetParam(), CompressionType::kSnappy) << size;
      continue;
    }
    EXPECT_EQ(out.error().code(), ErrorCode::kCorruptBatch) << size;
  }
}

TEST_P(CodecTest, BytesBehindTheBlockAreCorrupt) {
  for (const char* tail : {"00", "0102030405060708"}) {
    Bytes packed = Packed(GetParam(), AsBytes("hello hello hello"));
    const Bytes more = FromHex(tail);
    packed.insert(packed.end(), more.begin(), more.end());
    EXPECT_EQ(Outcome(GetParam(), packed).substr(0, 13), "CORRUPT_BATCH") << tail;
  }
}

TEST_P(CodecTest, FlippedBytesNeverCrash) {
  std::mt19937_64 random(7);
  const Bytes packed = Packed(GetParam(), Sample(5000, 4));
  for (int i = 0; i < 3000; ++i) {
    Bytes flipped = packed;
    for (std::uint64_t flips = 1 + random() % 4; flips > 0; --flips) {
      flipped[random() % flipped.size()] = static_cast<std::byte>(random());
    }
    const auto out = Decompress(GetParam(), flipped, 20'000);
    if (out.ok()) continue;
    EXPECT_TRUE(out.error().code() == ErrorCode::kCorruptBatch ||
                out.error().code() == ErrorCode::kDecompressionLimit);
  }
}

TEST_P(CodecTest, RandomBytesNeverCrash) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 2000; ++i) {
    const Bytes noise = Sample(random() % 300, 256);
    (void)Outcome(GetParam(), noise, 10'000);
  }
}

TEST_P(CodecTest, AScratchIsUsedAgain) {
  Bytes scratch;
  for (const std::size_t size : std::initializer_list<std::size_t>{50'000, 10, 0, 60'000}) {
    const Bytes input = Sample(size, 4);
    ASSERT_TRUE(DecompressInto(GetParam(), Packed(GetParam(), input), kCap, scratch).ok());
    EXPECT_TRUE(scratch == input) << size;
  }
}

TEST_P(CodecTest, AnErrorLeavesTheNextCallUnharmed) {
  const Bytes good = Packed(GetParam(), Sample(3000, 4));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Outcome(GetParam(), BytesView(good).first(good.size() - 1)).substr(0, 13),
              "CORRUPT_BATCH");
    EXPECT_EQ(Outcome(GetParam(), good, 100).substr(0, 19), "DECOMPRESSION_LIMIT");
    EXPECT_EQ(Outcome(GetParam(), good), "3000 bytes");
  }
}

INSTANTIATE_TEST_SUITE_P(AllCodecs, CodecTest, testing::ValuesIn(kCodecs),
                         [](const auto& param_info) {
                           return std::string(CompressionName(param_info.param));
                         });

TEST(CompressionTest, NamesAndNumbersGoBothWays) {
  for (int bits = 0; bits <= 4; ++bits) {
    const auto type = CompressionFromBits(bits);
    ASSERT_TRUE(type.ok());
    EXPECT_EQ(static_cast<int>(type.value()), bits);
    EXPECT_EQ(ParseCompression(CompressionName(type.value())).value(), type.value());
  }
  for (const int bits : {-1, 5, 6, 7}) {
    EXPECT_EQ(CompressionFromBits(bits).error().code(), ErrorCode::kUnsupportedCodec);
  }
  EXPECT_EQ(ParseCompression("lz5").error().ToString(),
            "UNSUPPORTED_CODEC: compression \"lz5\" is not one of none, gzip, snappy, lz4, zstd");
}

TEST(CompressionTest, NoneCopies) {
  const Bytes input = Sample(100, 256);
  EXPECT_TRUE(Packed(CompressionType::kNone, input) == input);
  EXPECT_TRUE(*Decompress(CompressionType::kNone, input, 100) == input);
  EXPECT_EQ(Outcome(CompressionType::kNone, input, 99).substr(0, 19), "DECOMPRESSION_LIMIT");
}

TEST(CompressionTest, LevelsAreCheckedAndWork) {
  const Bytes input = Sample(200'000, 4);
  const std::vector<std::pair<CompressionType, std::vector<int>>> good = {
      {CompressionType::kGzip, {-1, 1, 9}},
      {CompressionType::kLz4, {1, 9, 17}},
      {CompressionType::kZstd, {-5, 1, 19, 22}}};
  for (const auto& [type, levels] : good) {
    for (const int level : levels) {
      EXPECT_TRUE(*Decompress(type, Packed(type, input, level), kCap) == input)
          << CompressionName(type) << " " << level;
    }
  }
  for (const auto& [type, level] : {std::pair{CompressionType::kNone, 1},
                                    {CompressionType::kGzip, 10},
                                    {CompressionType::kGzip, -2},
                                    {CompressionType::kSnappy, 1},
                                    {CompressionType::kLz4, 18},
                                    {CompressionType::kLz4, -1},
                                    {CompressionType::kZstd, 23}}) {
    Bytes out;
    EXPECT_EQ(Compress(type, input, out, level).error().code(), ErrorCode::kInvalidArgument)
        << CompressionName(type) << " " << level;
  }
}

TEST(GzipTest, OnlyGzipMembersAreAccepted) {
  const Bytes input = Sample(1000, 4);
  for (const int window_bits : {15, -15}) {  // zlib's own framing; none at all.
    z_stream stream{};
    ASSERT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    Bytes packed(deflateBound(&stream, 1000));
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
    stream.avail_in = 1000;
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    EXPECT_EQ(Outcome(CompressionType::kGzip, packed).substr(0, 13), "CORRUPT_BATCH");
  }
}

TEST(SnappyTest, WritesAXerialStreamOf32KiBBlocks) {
  const Bytes packed = Packed(CompressionType::kSnappy, Sample(40'000, 256));
  EXPECT_EQ(ToHex(BytesView(packed).first(16)), "82534e41505059000000000100000001");
  std::size_t blocks = 0;
  for (std::size_t at = 16; at < packed.size(); ++blocks) {
    const std::string length = ToHex(BytesView(packed).subspan(at, 4));
    at += 4 + std::stoul(length, nullptr, 16);
  }
  EXPECT_EQ(blocks, 2U);
}

TEST(SnappyTest, AChunkBeyondTheBytesIsCorrupt) {
  EXPECT_EQ(Outcome(CompressionType::kSnappy, FromHex("82534e41505059000000000100000001"
                                                      "0000001d"
                                                      "0000")),
            "CORRUPT_BATCH: snappy block of 22 bytes: block length 29, but 2 bytes are left");
  EXPECT_EQ(
      Outcome(CompressionType::kSnappy, FromHex("82534e41505059000000000100000001"
                                                "ffffffff"
                                                "0000")),
      "CORRUPT_BATCH: snappy block of 22 bytes: block length 4294967295, but 2 bytes are left");
  EXPECT_EQ(Outcome(CompressionType::kSnappy, FromHex("82534e41505059000000000100000001"
                                                      "00000000")),
            "CORRUPT_BATCH: snappy block of 20 bytes: block length 0, but 0 bytes are left");
}

TEST(SnappyTest, AnUnknownXerialVersionIsCorrupt) {
  EXPECT_EQ(Outcome(CompressionType::kSnappy, FromHex("82534e41505059000000000200000002")),
            "CORRUPT_BATCH: snappy block of 16 bytes: xerial version 2, compatible with 2, is not "
            "known");
}

TEST(SnappyTest, AClaimedLengthThatNoBlockCanHaveTakesNoMemory) {
  Bytes out;
  const Status status =
      DecompressInto(CompressionType::kSnappy, FromHex("ffffffff0f00"), kCap, out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(),
            "snappy block of 6 bytes: a block of 6 bytes claims 4294967295");
  EXPECT_LE(out.capacity(), 4096U);
}

TEST(Lz4Test, WritesOneFrameOfIndependent64KiBBlocks) {
  const Bytes packed = Packed(CompressionType::kLz4, Sample(200'000, 4));
  EXPECT_EQ(ToHex(BytesView(packed).first(7)), "04224d18604082");
}

Bytes Lz4Frame(BytesView input, const LZ4F_preferences_t& preferences) {
  Bytes packed(LZ4F_compressFrameBound(input.size(), &preferences));
  packed.resize(
      LZ4F_compressFrame(packed.data(), packed.size(), input.data(), input.size(), &preferences));
  return packed;
}

TEST(Lz4Test, ReadsEveryFrameThatIsAllowed) {
  const Bytes input = Sample(9'000'000, 4);
  for (const LZ4F_blockSizeID_t size : {LZ4F_max64KB, LZ4F_max256KB, LZ4F_max1MB, LZ4F_max4MB}) {
    for (const bool extras : {false, true}) {
      LZ4F_preferences_t preferences{};
      preferences.frameInfo.blockMode = LZ4F_blockIndependent;
      preferences.frameInfo.blockSizeID = size;
      preferences.frameInfo.contentSize = extras ? input.size() : 0;
      preferences.frameInfo.contentChecksumFlag =
          extras ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
      preferences.frameInfo.blockChecksumFlag =
          extras ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
      const auto out = Decompress(CompressionType::kLz4, Lz4Frame(input, preferences), kCap);
      ASSERT_TRUE(out.ok()) << out.error().ToString();
      EXPECT_TRUE(out.value() == input);
    }
  }
}

TEST(Lz4Test, LinkedBlocksAreRefused) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockMode = LZ4F_blockLinked;
  const Bytes packed = Lz4Frame(Sample(200'000, 4), preferences);
  ASSERT_EQ(std::to_integer<int>(packed[4]) & 0x20, 0);
  EXPECT_NE(Outcome(CompressionType::kLz4, packed).find("linked blocks"), std::string::npos);
  Bytes golden = Golden("c_lz4_stored_block");
  golden.erase(golden.begin(), golden.begin() + kBatchHeaderBytes);
  golden[4] = std::byte{0x40};
  EXPECT_EQ(Outcome(CompressionType::kLz4, golden),
            "CORRUPT_BATCH: lz4 block of 41 bytes: linked blocks");
}

TEST(Lz4Test, HeadersThatAreNotAllowedAreRefused) {
  const Bytes good = Packed(CompressionType::kLz4, AsBytes("hello"));
  const auto with = [&](std::size_t at, int byte) {
    Bytes bad = good;
    bad[at] = static_cast<std::byte>(byte);
    return Outcome(CompressionType::kLz4, bad).substr(0, 13);
  };
  EXPECT_EQ(with(0, 0x05), "CORRUPT_BATCH");  // Magic.
  EXPECT_EQ(with(4, 0xa0), "CORRUPT_BATCH");  // Version 10.
  EXPECT_EQ(with(4, 0x61), "CORRUPT_BATCH");  // Dictionary.
  EXPECT_EQ(with(4, 0x62), "CORRUPT_BATCH");  // Reserved flag.
  EXPECT_EQ(with(5, 0x30), "CORRUPT_BATCH");  // Block size 3.
  EXPECT_EQ(with(5, 0xc0), "CORRUPT_BATCH");  // Reserved bit.
  EXPECT_EQ(with(6, 0x00), "CORRUPT_BATCH");  // Header checksum.
}

TEST(Lz4Test, AWrongContentSizeIsCorrupt) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  Bytes packed = Lz4Frame(Sample(1000, 4), preferences);
  packed.back() ^= std::byte{1};  // The content checksum.
  EXPECT_EQ(Outcome(CompressionType::kLz4, packed).substr(0, 13), "CORRUPT_BATCH");
}

TEST(ZstdTest, SeveralFramesAreOneBlock) {
  Bytes packed = Packed(CompressionType::kZstd, AsBytes("hello "));
  ASSERT_TRUE(Compress(CompressionType::kZstd, AsBytes("world"), packed).ok());
  const auto out = Decompress(CompressionType::kZstd, packed, 11);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(AsText(out.value()), "hello world");
  EXPECT_EQ(Outcome(CompressionType::kZstd, packed, 10).substr(0, 19), "DECOMPRESSION_LIMIT");
}

TEST(ZstdTest, AWindowAbove8MiBIsRefused) {
  for (const auto& [window_log, good] : {std::pair{23, true}, {24, false}}) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    // Flushing before the end keeps the size out of the frame, so that the window is what we set.
    const Bytes input = Sample(100'000, 4);
    Bytes packed(ZSTD_compressBound(input.size()) + 1000);
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{packed.data(), packed.size(), 0};
    ASSERT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush), 0U);
    ASSERT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0U);
    packed.resize(out.pos);
    ZSTD_freeCCtx(context);
    EXPECT_EQ(Outcome(CompressionType::kZstd, packed).starts_with("100000 bytes"), good)
        << window_log;
  }
}

TEST(ZstdTest, TheHighestLevelStaysWithinTheWindowThatWeRead) {
  const Bytes input(std::size_t{12} << 20, std::byte{7});
  const Bytes packed = Packed(CompressionType::kZstd, input, 20);
  EXPECT_EQ(Outcome(CompressionType::kZstd, packed), std::to_string(input.size()) + " bytes");
}

TEST(ZstdTest, OlderFormatsAreRefused) {
  EXPECT_EQ(Outcome(CompressionType::kZstd, FromHex("27b52ffd0000000000")),
            "CORRUPT_BATCH: zstd block of 9 bytes: no zstd frame");
}

}  // namespace
}  // namespace qalam
