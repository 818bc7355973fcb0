#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "client/cli/text.h"
#include "client/cli/verbs.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

bool IsFree(const abi0::Error& error) {
  const auto reason = error.details().find("reason");
  return error.Is("UNREACHABLE") && reason != error.details().end() && reason->second != "silent";
}

int Owner(const Session& session, const std::string& given) {
  const std::string& wanted = given.empty() ? session.directory : given;
  if (wanted.empty()) return session.Usage("qalam owner needs a directory");
  std::error_code ignored;
  const std::string directory =
      std::filesystem::absolute(wanted, ignored).lexically_normal().string();
  const auto owner = session.Ask("OwnerService/DescribeOwner",
                                 [&] { return abi0::SmartClient::OwnerOf(directory); });
  if (!owner.ok() && !IsFree(owner.error())) return session.Fail(owner.error());
  const std::string socket = directory + "/qalam.sock";
  if (session.json()) {
    ordered_json document = {{"directory", directory}, {"state", owner.ok() ? "owned" : "free"}};
    if (owner.ok()) {
      document.update({{"directory_id", owner->directory_id},
                       {"epoch", owner->owner_epoch},
                       {"pid", owner->pid},
                       {"program", owner->program},
                       {"version", owner->version},
                       {"since_ms", owner->since_ms},
                       {"proxies", owner->proxies_count},
                       {"socket", socket},
                       {"addresses", owner->addresses}});
    }
    PrintJson(document);
    return 0;
  }
  if (!owner.ok()) {
    std::printf("%s  free\n", directory.c_str());
    return 0;
  }
  std::printf("%s  owned by process %lld (%s %s) since %s\n", directory.c_str(),
              static_cast<long long>(owner->pid), owner->program.c_str(), owner->version.c_str(),
              Rfc3339(owner->since_ms).c_str());
  std::printf("  epoch %lld  %s\n  serves %s", static_cast<long long>(owner->owner_epoch),
              Counted(static_cast<std::uint64_t>(owner->proxies_count), "proxy", "proxies").c_str(),
              socket.c_str());
  for (const std::string& address : owner->addresses) std::printf(", %s", address.c_str());
  std::printf("\n");
  return 0;
}

}  // namespace

void AddOwner(CLI::App& root, Session& session, Action& chosen) {
  const auto directory = std::make_shared<std::string>();
  auto* verb =
      AddVerb(root, "owner", "who owns a data directory at this moment",
              {"qalam owner ./data", "qalam owner ./data -o json", "qalam --dir ./data owner"},
              chosen, [&session, directory] { return Owner(session, *directory); });
  verb->add_option("DIR", *directory, "the data directory (or --dir)");
}

}  // namespace qalam::cli
