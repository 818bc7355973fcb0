#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "qalam/error.h"

QALAM_BEGIN_NAMESPACE
namespace detail {
// Reading a value that is not there through * or -> is a bug: prints why and aborts.
[[noreturn]] QALAM_EXPORT void BadResultAccess(const Error* error) noexcept;
}  // namespace detail

// A value or an Error. Value() is for programs that like exceptions: it throws the Error. The
// others never throw. Thread: a value.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& Value() & {
    ThrowIfError();
    return *std::get_if<0>(&state_);
  }
  const T& Value() const& {
    ThrowIfError();
    return *std::get_if<0>(&state_);
  }
  T Value() && {
    ThrowIfError();
    return std::move(*std::get_if<0>(&state_));
  }

  // Only when ok().
  T& operator*() & noexcept { return Get(); }
  const T& operator*() const& noexcept { return Get(); }
  T&& operator*() && noexcept { return std::move(Get()); }
  T* operator->() noexcept { return &Get(); }
  const T* operator->() const noexcept { return &Get(); }

  // Only when not ok().
  const Error& error() const noexcept {
    if (ok()) detail::BadResultAccess(nullptr);
    return *std::get_if<1>(&state_);
  }

 private:
  void ThrowIfError() const {
    if (!ok()) throw Error(error());
  }
  T& Get() noexcept {
    if (!ok()) detail::BadResultAccess(std::get_if<1>(&state_));
    return *std::get_if<0>(&state_);
  }
  const T& Get() const noexcept {
    if (!ok()) detail::BadResultAccess(std::get_if<1>(&state_));
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

// Success or an Error. Check() throws the Error. Thread: a value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  void Check() const {
    if (error_) throw Error(*error_);
  }
  // Only when not ok().
  const Error& error() const noexcept {
    if (!error_) detail::BadResultAccess(nullptr);
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

QALAM_END_NAMESPACE
