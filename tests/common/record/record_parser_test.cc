#include "common/record/record_parser.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "tests/common/record/record_test_util.h"

namespace qalam::record_internal {
namespace {

using record_testing::FromHex;
using record_testing::ToHex;

std::string Encoded(std::int64_t value) {
  std::array<std::byte, kVarlongBytesMax> buffer{};
  const std::byte* end = PutVarint(buffer.data(), ZigZag(value));
  return ToHex(BytesView(buffer.data(), end));
}

template <typename T>
std::optional<T> Decoded(std::string_view hex) {
  const Bytes bytes = FromHex(hex);
  T value = 0;
  const std::byte* end = GetSigned(bytes.data(), bytes.data() + bytes.size(), value);
  if (end == nullptr) return std::nullopt;
  EXPECT_EQ(end, bytes.data() + bytes.size());
  return value;
}

TEST(VarintTest, KnownValuesHaveTheirKnownBytes) {
  const std::vector<std::pair<std::int32_t, std::string>> known = {
      {0, "00"},
      {-1, "01"},
      {1, "02"},
      {-3, "05"},
      {63, "7e"},
      {64, "8001"},
      {300, "d804"},
      {8191, "fe7f"},
      {8192, "808001"},
      {std::numeric_limits<std::int32_t>::max(), "feffffff0f"},
      {std::numeric_limits<std::int32_t>::min(), "ffffffff0f"}};
  for (const auto& [value, hex] : known) {
    EXPECT_EQ(Encoded(value), hex);
    EXPECT_EQ(Decoded<std::int32_t>(hex), value) << hex;
    EXPECT_EQ(Decoded<std::int64_t>(hex), value) << hex;
  }
  EXPECT_EQ(Encoded(std::numeric_limits<std::int64_t>::min()), "ffffffffffffffffff01");
  EXPECT_EQ(Decoded<std::int64_t>("ffffffffffffffffff01"),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(Decoded<std::int64_t>("feffffffffffffffff01"),
            std::numeric_limits<std::int64_t>::max());
}

TEST(VarintTest, EveryPowerOfTwoAndItsNeighboursRoundTripInTheBytesAnnounced) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const int step : {-1, 0, 1}) {
      const std::uint64_t raw = (std::uint64_t{1} << bit) + static_cast<std::uint64_t>(step);
      std::array<std::byte, kVarlongBytesMax> buffer{};
      const std::byte* end = PutVarint(buffer.data(), raw);
      EXPECT_EQ(static_cast<std::size_t>(end - buffer.data()), VarintBytes(raw)) << raw;
      std::uint64_t back = 0;
      EXPECT_EQ(GetVarint(buffer.data(), end, back), end);
      EXPECT_EQ(back, raw);
      const auto value = static_cast<std::int64_t>(raw);
      EXPECT_EQ(UnZigZag64(ZigZag(value)), value);
    }
  }
}

TEST(VarintTest, TooManyBytesOrBitsAreRefused) {
  EXPECT_EQ(Decoded<std::int32_t>("808080808000"), std::nullopt);            // A 6th byte.
  EXPECT_EQ(Decoded<std::int32_t>("ffffffff1f"), std::nullopt);              // A 33rd bit.
  EXPECT_EQ(Decoded<std::int64_t>("8080808080808080808000"), std::nullopt);  // An 11th byte.
  EXPECT_EQ(Decoded<std::int64_t>("ffffffffffffffffff03"), std::nullopt);    // A 65th bit.
}

TEST(VarintTest, LongerThanNeededIsAllowed) {
  EXPECT_EQ(Decoded<std::int32_t>("8200"), 1);
  EXPECT_EQ(Decoded<std::int32_t>("8280808000"), 1);
}

TEST(VarintTest, EveryTruncationIsRefused) {
  const Bytes bytes = FromHex("ffffffffffffffffff01");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::int64_t value = 0;
    EXPECT_EQ(GetSigned(bytes.data(), bytes.data() + size, value), nullptr) << size;
  }
}

// One record, as hex, and what ParseRecord says of it.
std::string Complaint(std::string_view hex) {
  const Bytes grown = FromHex(hex);
  const Bytes bytes(grown.begin(), grown.end());  // Nothing behind the last byte.
  RecordFields fields;
  RecordFault fault;
  const std::byte* end = ParseRecord(bytes.data(), bytes.data() + bytes.size(), fields, fault);
  if (end == nullptr) return fault.ToString();
  return end == bytes.data() + bytes.size() ? "ok" : "bytes left";
}

TEST(RecordParserTest, GoodRecordsPass) {
  EXPECT_EQ(Complaint("1000000002610231"
                      "00"),
            "ok");
  EXPECT_EQ(Complaint("0c000000010100"), "ok");  // Null key, null value.
  EXPECT_EQ(Complaint("12000000010102"
                      "026101"),
            "ok");  // Header "a" with a null value.
  EXPECT_EQ(Complaint("10000000010102"
                      "0000"),
            "ok");  // Empty header key, empty value.
}

TEST(RecordParserTest, EachLieIsNamedWithItsNumbers) {
  EXPECT_EQ(Complaint(""), "length is cut off or no varint");
  EXPECT_EQ(Complaint("00"), "length is 0, less than 1");
  EXPECT_EQ(Complaint("01"), "length is -1, less than 1");
  EXPECT_EQ(Complaint("120000000261023100"), "length is 9, but only 8 bytes are left");
  EXPECT_EQ(Complaint("0e00000002610231"), "headersCount is cut off or no varint");
  EXPECT_EQ(Complaint("12000000026102310000"), "length is 9, but the fields take 8 bytes");
  EXPECT_EQ(Complaint("0200"), "timestampDelta is cut off or no varint");
  EXPECT_EQ(Complaint("1a00"
                      "8080808080808080808000"
                      "00"),
            "timestampDelta is cut off or no varint");
  EXPECT_EQ(Complaint("040000"), "offsetDelta is cut off or no varint");
  EXPECT_EQ(Complaint("0c000000030100"), "keyLength is -2, less than -1");
  EXPECT_EQ(Complaint("0c000000080100"), "keyLength is 4, but only 2 bytes are left");
  EXPECT_EQ(Complaint("0c000000010300"), "valueLength is -2, less than -1");
  EXPECT_EQ(Complaint("0c000000010800"), "valueLength is 4, but only 1 bytes are left");
  EXPECT_EQ(Complaint("0c000000010101"), "headersCount is -1, less than 0");
  EXPECT_EQ(Complaint("14000000010"
                      "1feffffff0f"),
            "headersCount is 2147483647, but only 0 bytes are left");
  EXPECT_EQ(Complaint("10000000010102"
                      "0100"),
            "headerKeyLength is -1, less than 0");
  EXPECT_EQ(Complaint("10000000010102"
                      "0003"),
            "headerValueLength is -2, less than -1");
  EXPECT_EQ(Complaint("10000000010102"
                      "0402"),
            "headerKeyLength is 2, but only 1 bytes are left");
  EXPECT_EQ(Complaint("0e0000000101"
                      "0200"),
            "headerValueLength is cut off or no varint");
}

// A value length that the block's end cuts off: nothing behind it may be read (ASan watches).
TEST(RecordParserTest, AValueLengthCutOffByTheBlocksEndIsRefused) {
  for (const char* tail : {"80", "8080", "808080"}) {
    const std::string body = "0000001461626364656667686970" + std::string(tail);
    const Bytes length = {static_cast<std::byte>(body.size())};  // Zigzag of half the digits.
    const std::string hex = ToHex(length) + body;
    EXPECT_EQ(Complaint(hex), "valueLength is cut off or no varint") << hex;
  }
}

// Goal: the quick parser is only a shortcut. Method: whatever it accepts, among good, bent and
// random records, the full parser accepts with the same fields; and it does accept the common ones.
TEST(RecordParserTest, TheQuickParserAgreesWithTheFullOne) {
  std::mt19937_64 random(11);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    BatchBuilder builder;
    for (const auto& record : record_testing::RandomRecords(random, 3)) {
      record_testing::AddTo(builder, record);
    }
    const Bytes batch = builder.Finish({});
    Bytes block(batch.begin() + kBatchHeaderBytes, batch.end());
    for (std::uint64_t flips = random() % 3; flips > 0; --flips) {
      block[random() % std::min<std::size_t>(block.size(), 24)] = static_cast<std::byte>(random());
    }
    if (random() % 4 == 0) block.resize(random() % block.size());
    const std::byte* const end = block.data() + block.size();
    RecordFields quick;
    const std::byte* const next = ParseCommonRecord(block.data(), end, quick);
    if (next == nullptr) continue;
    ++accepted;
    RecordFields full;
    RecordFault fault;
    ASSERT_EQ(ParseAnyRecord(block.data(), end, full, fault), next) << fault.ToString();
    EXPECT_EQ(quick.timestamp_delta, full.timestamp_delta);
    EXPECT_EQ(quick.offset_delta, full.offset_delta);
    EXPECT_EQ(quick.key_length, full.key_length);
    EXPECT_EQ(quick.value_length, full.value_length);
    EXPECT_EQ(quick.headers_count, full.headers_count);
    if (full.key_length > 0) {
      EXPECT_EQ(quick.key, full.key);
    }
    if (full.value_length > 0) {
      EXPECT_EQ(quick.value, full.value);
    }
  }
  EXPECT_GT(accepted, 2000);
}

}  // namespace
}  // namespace qalam::record_internal
