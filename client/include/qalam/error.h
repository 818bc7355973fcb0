#pragma once

#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "qalam/export.h"

QALAM_BEGIN_NAMESPACE
// What went wrong, in a form that programs and people can act on. Cheap to copy. Thrown only by
// Result::Value() and Status::Check(). Thread: a value, immutable.
class QALAM_EXPORT Error : public std::exception {
 public:
  // `retriable` and `hint` come from the table of known words; an unknown word is not retriable.
  Error(std::string code, std::string message, std::map<std::string, std::string> details = {},
        std::string broker = {});
  // For words that a newer broker knows and this library does not.
  Error(std::string code, std::string message, bool retriable, std::string hint,
        std::map<std::string, std::string> details, std::string broker);
  ~Error() override;
  Error(const Error&) noexcept;
  Error& operator=(const Error&) noexcept;

  // A stable UPPER_SNAKE word, for instance "UNKNOWN_TOPIC". `qalam explain WORD` says more.
  const std::string& code() const noexcept;
  bool Is(std::string_view word) const noexcept { return code() == word; }
  // What, where, and the numbers. English, for people.
  const std::string& message() const noexcept;
  // What to do next. May be empty.
  const std::string& hint() const noexcept;
  // The same request may succeed later, unchanged, and is safe to send again.
  bool retriable() const noexcept;
  // Address of the broker that said so, or that could not be reached; empty when none was
  // involved.
  const std::string& broker() const noexcept;
  // The numbers of the message for programs: "topic", "partition", "log_end_offset", ...
  const std::map<std::string, std::string>& details() const noexcept;

  // "UNKNOWN_TOPIC: no topic named ...". Lives as long as this object.
  const char* what() const noexcept override;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

QALAM_END_NAMESPACE
