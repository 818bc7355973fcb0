#pragma once

// Known-bad brokers, for showing that the tests would notice (docs: tests/mutants/README.md). A
// build with QALAM_MUTANTS=ON (preset `mutants`) behaves wrongly in the one way that the
// environment variable QALAM_MUTANT names when the process starts. Any other build has neither
// the names nor the code: MutantIs() is false at compile time. Thread: any.

#ifdef QALAM_MUTANTS
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "common/check.h"
#endif

namespace qalam {

enum class Mutant {
  kNone,
  kSkipFdatasync,         // A group's sync returns at once and did nothing.
  kAckBeforeSync,         // Acknowledged once written, though told durable.
  kNoDirectorySync,       // A new segment's name is never made durable.
  kTruncateOnRot,         // Recovery cuts at the first bad byte, wherever it is.
  kTrustIndex,            // Index files are believed without their checksum, and so is a lookup.
  kForgetProducers,       // A restart forgets who wrote what.
  kSameEpoch,             // A restart does not raise the leader epoch.
  kRetryFailedSync,       // A sync that failed is tried again, and believed.
  kCheckpointBeforeSync,  // The durable checkpoint is written before what it vouches for is synced.
  kWriteAheadOfSync,      // Group N+1 is written before the sync of N returned.
  kServeAboveDurable,     // Readers see what is written, synced or not.
  kDropAtRoll,            // The last batch of a group that begins a segment is not written.
};

#ifdef QALAM_MUTANTS

inline constexpr bool kMutantsBuilt = true;

inline constexpr std::array<std::pair<std::string_view, Mutant>, 12> kMutantNames = {{
    {"skip-fdatasync", Mutant::kSkipFdatasync},
    {"ack-before-sync", Mutant::kAckBeforeSync},
    {"no-directory-sync", Mutant::kNoDirectorySync},
    {"truncate-on-rot", Mutant::kTruncateOnRot},
    {"trust-the-index", Mutant::kTrustIndex},
    {"forget-producers", Mutant::kForgetProducers},
    {"same-epoch-at-restart", Mutant::kSameEpoch},
    {"retry-failed-sync", Mutant::kRetryFailedSync},
    {"checkpoint-before-sync", Mutant::kCheckpointBeforeSync},
    {"write-ahead-of-sync", Mutant::kWriteAheadOfSync},
    {"serve-above-durable", Mutant::kServeAboveDurable},
    {"drop-at-roll", Mutant::kDropAtRoll},
}};

// Empty or not set: none, the broker is as it should be. A name that is not known aborts, so that
// no run believes it tested what it did not.
inline Mutant ChosenMutant() {
  static const Mutant chosen = [] {
    const char* const name = std::getenv("QALAM_MUTANT");
    if (name == nullptr || *name == '\0') return Mutant::kNone;
    for (const auto& [known, mutant] : kMutantNames) {
      if (known == name) return mutant;
    }
    QALAM_CHECK(!"QALAM_MUTANT names none of the mutants in common/mutant.h");
    return Mutant::kNone;
  }();
  return chosen;
}

inline bool MutantIs(Mutant mutant) { return ChosenMutant() == mutant; }

inline const char* ChosenMutantName() {
  for (const auto& [name, mutant] : kMutantNames) {
    if (mutant == ChosenMutant()) return name.data();
  }
  return "none";
}

#else

inline constexpr bool kMutantsBuilt = false;
constexpr bool MutantIs(Mutant /*mutant*/) { return false; }
constexpr const char* ChosenMutantName() { return ""; }

#endif

}  // namespace qalam
