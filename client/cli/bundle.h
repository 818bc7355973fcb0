#pragma once

#include <qalam/result.h>
#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qalam::cli {

// What goes into a support archive, and what could not be had. Everything is redacted (redact.h)
// on its way in, whoever made it. Thread: one at a time.
class Bundle {
 public:
  struct Part {
    std::string name;  // "broker/config.json"
    std::string what;  // For the manifest.
    std::string contents;
  };
  struct Gap {
    std::string name;
    std::string why;
  };

  void Add(std::string name, std::string what, std::string_view contents);
  void AddJson(std::string name, std::string what, const nlohmann::ordered_json& document);
  void Lacks(std::string name, std::string why);

  const std::vector<Part>& parts() const { return parts_; }
  const std::vector<Gap>& gaps() const { return gaps_; }
  // What is in it, what could not be had, and what is never in it.
  std::string Manifest(std::int64_t made_ms) const;
  // The archive: every part and MANIFEST.txt, below one folder.
  abi0::Result<std::string> Archive(const std::string& folder, std::int64_t made_ms) const;

 private:
  std::vector<Part> parts_;
  std::vector<Gap> gaps_;
};

}  // namespace qalam::cli
