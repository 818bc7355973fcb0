#include "client/cli/bundle.h"

#include <fmt/format.h>
#include <qalam/client.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "client/cli/redact.h"
#include "client/cli/tar_gz.h"
#include "client/cli/text.h"
#include "common/utf8.h"

namespace qalam::cli {
namespace {

constexpr const char* kNeverInIt = R"text(
Never in it
  records: no key, value or header, and no file that holds them (segments, indexes, snapshots)
  the metadata store's files, private keys, certificates
  values of settings whose name looks secret, users and passwords in URLs, tokens: "(redacted)"
  the environment and the command line of any process
  the name of the machine; addresses of clients beyond their first half
Topic names, client ids and paths are in it. Look through it before you pass it on: it is text.
)text";

}  // namespace

void Bundle::Add(std::string name, std::string what, std::string_view contents) {
  parts_.push_back({std::move(name), std::move(what), Redacted(CleanUtf8(contents))});
}

void Bundle::AddJson(std::string name, std::string what, const nlohmann::ordered_json& document) {
  Add(std::move(name), std::move(what),
      document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void Bundle::Lacks(std::string name, std::string why) {
  gaps_.push_back({std::move(name), Redacted(CleanUtf8(why))});
}

std::string Bundle::Manifest(std::int64_t made_ms) const {
  std::string text = fmt::format("Support archive of Qalam, made {} by qalam {}\n\nIn it\n",
                                 Rfc3339(made_ms), abi0::Version());
  std::size_t width = 0;
  for (const Part& part : parts_) width = std::max(width, part.name.size());
  for (const Part& part : parts_) {
    text +=
        fmt::format("  {:{}}  {:>9} B  {}\n", part.name, width, part.contents.size(), part.what);
  }
  if (!gaps_.empty()) text += "\nCould not be had\n";
  for (const Gap& gap : gaps_) text += "  " + gap.name + ": " + gap.why + "\n";
  return text + kNeverInIt;
}

abi0::Result<std::string> Bundle::Archive(const std::string& folder, std::int64_t made_ms) const {
  TarGz archive(made_ms / 1000);
  if (const auto added = archive.Add(folder + "/MANIFEST.txt", Manifest(made_ms)); !added.ok()) {
    return added.error();
  }
  for (const Part& part : parts_) {
    if (const auto added = archive.Add(folder + "/" + part.name, part.contents); !added.ok()) {
      return added.error();
    }
  }
  return archive.Finish();
}

}  // namespace qalam::cli
