#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace qalam::bench {

[[noreturn]] inline void Fail(const std::string& why) {
  std::fprintf(stderr, "load: %s\n", why.c_str());
  std::exit(1);
}

[[noreturn]] inline void FailWithErrno(const std::string& what) {
  Fail(what + ": " + std::strerror(errno));
}

// `MODE --name value ...`; a name that nobody asked for is an error, see Check.
class LoadFlags {
 public:
  LoadFlags(int argc, char** argv) {
    if (argc > 1) mode_ = argv[1];
    for (int i = 2; i < argc; i += 2) {
      const std::string name = argv[i];
      if (name.rfind("--", 0) != 0 || i + 1 == argc) Fail("expected --name value at " + name);
      values_[name.substr(2)] = argv[i + 1];
    }
  }
  const std::string& mode() const { return mode_; }
  std::string Text(const std::string& name, const std::string& preset) {
    const auto found = values_.find(name);
    if (found == values_.end()) return preset;
    used_[name] = true;
    return found->second;
  }
  std::int64_t Number(const std::string& name, std::int64_t preset) {
    const std::string text = Text(name, std::to_string(preset));
    char* end = nullptr;
    const long long number = std::strtoll(text.c_str(), &end, 10);
    if (end == text.c_str() || *end != '\0') Fail("--" + name + " " + text + " is no number");
    return number;
  }
  // After all were read: was there one too many?
  void Check() const {
    for (const auto& [name, value] : values_)
      if (!used_.contains(name)) Fail("this mode does not take --" + name);
  }

 private:
  std::string mode_;
  std::map<std::string, std::string> values_;
  std::map<std::string, bool> used_;
};

}  // namespace qalam::bench
