// Runs the stored inputs of a fuzz target, without a fuzzer: fuzz_replay TARGET DIRECTORY
// [MUTATIONS]. Each is also run with so many changes that a fixed seed chooses, repaired as the
// fuzzer would. Prints how many; what does not hold aborts, naming the input on stderr.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "common/logging.h"
#include "tests/fuzz/fuzz_target.h"

namespace qalam::fuzz {
namespace {

constexpr std::array<const FuzzTarget*, 17> kTargets = {
    &kBatchTarget,     &kCodecTarget,       &kRecoveryTarget,   &kIndexTarget,  &kCheckpointTarget,
    &kProducersTarget, &kDumpTarget,        &kMetadataTarget,   &kConfigTarget, &kFormatTarget,
    &kHttpTextTarget,  &kProduceWireTarget, &kClientWireTarget, &kRpcTarget,    &kFramesTarget,
    &kRingTarget,      &kHistoryTarget};

using Random = std::mt19937_64;

Bytes Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const BytesView bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

std::size_t Below(Random& random, std::size_t end) { return end == 0 ? 0 : random() % end; }

// One to four small changes.
void Mutate(Bytes& bytes, Random& random) {
  for (std::size_t changes = 1 + Below(random, 4); changes > 0; --changes) {
    const std::size_t at = Below(random, bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (Below(random, 5)) {
      case 0:
        if (!bytes.empty()) bytes[at] ^= static_cast<std::byte>(1u << Below(random, 8));
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<std::byte>(random());
        break;
      case 2:
        if (!bytes.empty()) bytes[at] = random() % 2 == 0 ? std::byte{0xff} : std::byte{0};
        break;
      case 3:
        bytes.insert(place, static_cast<std::byte>(random()));
        break;
      default:
        bytes.erase(place, place + static_cast<std::ptrdiff_t>(
                                       std::min(bytes.size() - at, 1 + Below(random, 8))));
    }
  }
}

void RunNamed(const FuzzTarget& target, BytesView input, const std::string& name) {
  std::fprintf(stderr, "%s\n", name.c_str());  // Where the program ends, the last line says where.
  target.run(input);
}

int Replay(const FuzzTarget& target, const std::string& directory, int mutations) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  Random random(7420);
  for (const auto& path : paths) {
    const Bytes input = Read(path);
    RunNamed(target, input, path.filename().string());
    for (int i = 0; i < mutations; ++i) {
      Bytes mutant = input;
      Mutate(mutant, random);
      const std::uint64_t choice = random();
      if (target.repair != nullptr && choice % 8 != 0) target.repair(mutant, choice / 8);
      RunNamed(target, mutant, path.filename().string() + " mutant " + std::to_string(i));
    }
  }
  std::printf("%s: %zu inputs, %zu mutants\n", std::string(target.name).c_str(), paths.size(),
              paths.size() * static_cast<std::size_t>(mutations));
  return paths.empty() ? 1 : 0;
}

}  // namespace
}  // namespace qalam::fuzz

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto usage = [] {
    std::fprintf(stderr, "usage: fuzz_replay TARGET DIRECTORY [MUTATIONS]\ntargets:");
    for (const auto* target : qalam::fuzz::kTargets) {
      std::fprintf(stderr, " %s", std::string(target->name).c_str());
    }
    std::fprintf(stderr, "\n");
    return 2;
  };
  if (arguments.size() < 2 || arguments.size() > 3) return usage();
  int mutations = 0;
  if (arguments.size() == 3) {
    const std::string& text = arguments[2];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mutations);
    if (error != std::errc() || *end != '\0' || mutations < 0) return usage();
  }
  for (const auto* target : qalam::fuzz::kTargets) {
    if (target->name != arguments[0]) continue;
    qalam::ConfigureLogging({.level = "critical"});
    return qalam::fuzz::Replay(*target, arguments[1], mutations);
  }
  return usage();
}
