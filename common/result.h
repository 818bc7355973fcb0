#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "common/check.h"
#include "common/error.h"

namespace qalam {
inline namespace core {

// A value or an Error. Reading the one that is not there is a bug and aborts. Thread: a value.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    QALAM_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    QALAM_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    QALAM_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    QALAM_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    QALAM_CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

// Success or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& {
    QALAM_CHECK(!ok());
    return *error_;
  }
  Error&& error() && {
    QALAM_CHECK(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

inline Status OkStatus() { return {}; }

}  // namespace core
}  // namespace qalam

#define QALAM_CONCAT_INNER(a, b) a##b
#define QALAM_CONCAT(a, b) QALAM_CONCAT_INNER(a, b)

// Returns the error of a Status or Result expression to our caller, if it has one.
#define QALAM_RETURN_IF_ERROR(expression)                       \
  do {                                                          \
    if (auto qalam_status = (expression); !qalam_status.ok()) { \
      return std::move(qalam_status).error();                   \
    }                                                           \
  } while (false)

// QALAM_ASSIGN_OR_RETURN(const auto x, F()); declares x or returns F's error.
#define QALAM_ASSIGN_OR_RETURN(declaration, expression) \
  QALAM_ASSIGN_OR_RETURN_INNER(QALAM_CONCAT(qalam_result_, __LINE__), declaration, expression)
#define QALAM_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                         \
  if (!result.ok()) return std::move(result).error();                 \
  declaration = std::move(result).value()
