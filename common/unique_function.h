#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "common/check.h"

namespace qalam {

template <typename Signature>
class UniqueFunction;

// A callable that is moved, never copied, so that it may own move-only things. Thread: a value.
template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  template <typename F>
  requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> &&
           std::is_invocable_r_v<R, F&, Args...>)
      UniqueFunction(F&& callable)  // NOLINT: implicit, as std::function
      : callable_(std::make_unique<Model<std::decay_t<F>>>(std::forward<F>(callable))) {}

  explicit operator bool() const { return callable_ != nullptr; }
  R operator()(Args... args) {
    QALAM_CHECK(callable_ != nullptr);
    return callable_->Call(std::forward<Args>(args)...);
  }

 private:
  struct Concept {
    virtual ~Concept() = default;
    virtual R Call(Args... args) = 0;
  };
  template <typename F>
  struct Model final : Concept {
    template <typename G>
    explicit Model(G&& from) : callable(std::forward<G>(from)) {}
    R Call(Args... args) override { return callable(std::forward<Args>(args)...); }
    F callable;
  };
  std::unique_ptr<Concept> callable_;
};

}  // namespace qalam
