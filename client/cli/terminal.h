#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace qalam::cli {

// The terminal as a screen: keys come one by one and unseen, the cursor is hidden, and what was
// there before comes back however the process ends, by a signal, too (only SIGKILL is in the way).
// Ctrl-C and Ctrl-Z stay what they are. At most one lives at a time; a CatchInterrupts came before
// it. Thread: its owner's; Wake from any.
class Terminal {
 public:
  Terminal();  // stdout is a terminal. Without one as stdin there are no keys.
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  struct Size {
    std::size_t width = 80;
    std::size_t height = 24;
  };
  static Size size();  // As it is now.
  // In place of what is there; at most size().height lines, none wider than the terminal.
  void Draw(const std::vector<std::string>& lines);
  // The next key: a character, or what an arrow sends ("\x1b[A"). Nothing: `patience` passed, the
  // terminal has another size, or somebody called Wake.
  std::optional<std::string> WaitForKey(std::chrono::milliseconds patience);
  static void Wake();  // Also from a signal handler.

 private:
  std::string typed_;  // Bytes that are no whole key yet.
  bool has_keys_ = false;
};

// The key that `typed` begins with, taken off it; nothing: it is empty. `complete`: nothing more
// comes soon, so that a lone escape is the key Esc.
std::optional<std::string> TakeKey(std::string& typed, bool complete);

}  // namespace qalam::cli
