#include <algorithm>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/frame.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

namespace qalam::fuzz {
namespace {

constexpr std::size_t kPayloadMax = 4096;

struct Taken {
  std::vector<Frame> frames;
  bool refused = false;
};

// What a reader makes of `bytes` that come in pieces of at most `piece`.
Taken Read(BytesView bytes, std::size_t piece) {
  Taken taken;
  FrameReader reader(kPayloadMax);
  while (!bytes.empty()) {
    const auto space = reader.Space();
    QALAM_CHECK(!space.empty() && space.size() <= 4 * (kPayloadMax + 4096));
    const std::size_t count = std::min({piece, space.size(), bytes.size()});
    std::copy_n(bytes.begin(), count, space.begin());
    reader.Filled(count);
    bytes = bytes.subspan(count);
    while (true) {
      auto frame = reader.Next();
      taken.refused = !frame.ok();
      if (taken.refused) return taken;
      if (!frame->has_value()) break;
      QALAM_CHECK((*frame)->payload.size() <= kPayloadMax);
      taken.frames.push_back(std::move(**frame));
    }
  }
  return taken;
}

// What a process says to the owner of a directory.
void RunFrames(BytesView input) {
  FuzzInput parts(input);
  const std::size_t piece = std::size_t{parts.Byte()} + 1;
  const Taken whole = Read(parts.Rest(), parts.Rest().size());
  const Taken pieces = Read(parts.Rest(), piece);
  QALAM_CHECK(whole.refused == pieces.refused);
  QALAM_CHECK(whole.frames.size() == pieces.frames.size());
  Bytes again;
  for (std::size_t i = 0; i < whole.frames.size(); ++i) {
    const BytesView payload = whole.frames[i].payload.view();
    const BytesView other = pieces.frames[i].payload.view();
    QALAM_CHECK(std::equal(payload.begin(), payload.end(), other.begin(), other.end()));
    const auto head = MakeFrameHead(whole.frames[i].kind, payload.size());
    again.insert(again.end(), head.begin(), head.end());
    again.insert(again.end(), payload.begin(), payload.end());
  }
  // Written again, they are the bytes that were read.
  QALAM_CHECK(again.size() <= parts.Rest().size());
  QALAM_CHECK(std::equal(again.begin(), again.end(), parts.Rest().begin()));
}

}  // namespace

const FuzzTarget kFramesTarget = {"frames", RunFrames, nullptr};

}  // namespace qalam::fuzz
