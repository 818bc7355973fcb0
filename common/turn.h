#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "common/unique_function.h"

namespace qalam {

// A thread that works in turns, such as a partition's writer, opens one around each. What a turn
// causes one by one, such as answers, can then be done once for all of it when it ends. One in
// another is part of it. Thread: the one that opened it.
class Turn {
 public:
  // Does what a turn put off for it. Thread: the turn's.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void EndTurn(std::vector<UniqueFunction<void()>> tasks) = 0;
  };

  Turn();
  ~Turn();  // Every sink gets its tasks, in the order they were put off.
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Until this thread's turn ends. False: it has none, and `task` is untouched.
  static bool PutOff(const std::shared_ptr<Sink>& sink, UniqueFunction<void()>& task);

 private:
  using Tasks = std::vector<UniqueFunction<void()>>;
  std::vector<std::pair<std::shared_ptr<Sink>, Tasks>> put_off_;
};

}  // namespace qalam
