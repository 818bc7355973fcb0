#pragma once

#include <chrono>
#include <optional>

#include "client/cli/figure_rates.h"
#include "client/cli/session.h"
#include "client/cli/top_screen.h"

namespace qalam::cli {

// Asks a broker how it does, again and again. Thread: one at a time.
class TopSource {
 public:
  // `session` outlives it.
  explicit TopSource(const Session& session) : session_(session) {}
  // Blocks for up to two seconds, or --timeout if that is less. A broker that does not answer is
  // `away` in the sample; it is asked anew the next time.
  TopSample Read();

 private:
  abi0::Status Ask(TopSample& sample);

  const Session& session_;
  std::optional<abi0::Client> client_;
  FigureRates rates_;
  std::chrono::steady_clock::time_point read_at_;
  TopSample last_;
};

}  // namespace qalam::cli
