// What libFuzzer calls, for the one target that this program was built for (QALAM_FUZZ_TARGET).
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/logging.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

constexpr const qalam::fuzz::FuzzTarget& kTarget = qalam::fuzz::QALAM_FUZZ_TARGET;
constexpr unsigned kUnrepaired = 8;  // One in so many stays as it was mutated.

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max);

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  qalam::ConfigureLogging({.level = "critical"});
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kTarget.run(std::as_bytes(std::span(data, size)));
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max);
  if (kTarget.repair != nullptr && seed % kUnrepaired != 0) {
    kTarget.repair(std::as_writable_bytes(std::span(data, size)), seed / kUnrepaired);
  }
  return size;
}
