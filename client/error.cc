#include "qalam/error.h"

#include <cstdio>
#include <cstdlib>

#include "common/error.h"
#include "qalam/result.h"

namespace qalam::abi0 {

struct Error::Data {
  std::string code;
  std::string message;
  std::string hint;
  bool retriable = false;
  std::map<std::string, std::string> details;
  std::string broker;
  std::string what;
};

Error::Error(std::string code, std::string message, bool retriable, std::string hint,
             std::map<std::string, std::string> details, std::string broker) {
  auto data = std::make_shared<Data>();
  data->what = code + ": " + message;
  data->code = std::move(code);
  data->message = std::move(message);
  data->hint = std::move(hint);
  data->retriable = retriable;
  data->details = std::move(details);
  data->broker = std::move(broker);
  data_ = std::move(data);
}

Error::Error(std::string code, std::string message, std::map<std::string, std::string> details,
             std::string broker) {
  bool can_retry = false;
  std::string remedy;
  if (const auto known = ErrorCodeFromWord(code)) {
    const ErrorInfo& info = InfoOf(*known);
    can_retry = info.retriable;
    remedy = info.remedy;
  }
  *this = Error(std::move(code), std::move(message), can_retry, std::move(remedy),
                std::move(details), std::move(broker));
}

Error::~Error() = default;
Error::Error(const Error&) noexcept = default;
Error& Error::operator=(const Error&) noexcept = default;

const std::string& Error::code() const noexcept { return data_->code; }
const std::string& Error::message() const noexcept { return data_->message; }
const std::string& Error::hint() const noexcept { return data_->hint; }
bool Error::retriable() const noexcept { return data_->retriable; }
const std::string& Error::broker() const noexcept { return data_->broker; }
const std::map<std::string, std::string>& Error::details() const noexcept { return data_->details; }
const char* Error::what() const noexcept { return data_->what.c_str(); }

namespace detail {

void BadResultAccess(const Error* error) noexcept {
  if (error != nullptr) {
    std::fprintf(stderr, "qalam: a Result was read that holds an error: %s\n", error->what());
  } else {
    std::fprintf(stderr, "qalam: the error of a Result was read that holds none\n");
  }
  std::abort();
}

}  // namespace detail
}  // namespace qalam::abi0
