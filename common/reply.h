#pragma once

#include <utility>

#include "common/result.h"
#include "common/unique_function.h"

namespace qalam {

// The answer a question to another thread carries with it: move-only, answered exactly once.
// Dropped unanswered it delivers kShuttingDown, so nobody waits for ever. The handler runs on the
// thread that answers and must not block. Thread: one at a time.
template <typename T>
class Reply {
 public:
  using Handler = UniqueFunction<void(Result<T>)>;

  Reply() = default;
  explicit Reply(Handler handler) : handler_(std::move(handler)) {}
  Reply(Reply&& other) noexcept : handler_(std::exchange(other.handler_, {})) {}
  Reply& operator=(Reply&& other) noexcept {
    if (this != &other) {
      Drop();
      handler_ = std::exchange(other.handler_, {});
    }
    return *this;
  }
  ~Reply() { Drop(); }

  bool pending() const { return static_cast<bool>(handler_); }
  void operator()(Result<T> answer) {
    Handler handler = std::exchange(handler_, {});
    handler(std::move(answer));
  }

 private:
  void Drop() {
    if (handler_) (*this)(Error(ErrorCode::kShuttingDown, "the broker is stopping"));
  }
  Handler handler_;
};

struct Unit {
  friend bool operator==(const Unit&, const Unit&) = default;
};

}  // namespace qalam
