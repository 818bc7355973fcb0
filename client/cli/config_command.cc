#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

#include "client/cli/cluster_json.h"
#include "client/cli/verbs.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

int PrintEntries(const Session& session, const std::vector<abi0::ConfigEntry>& entries) {
  std::vector<ordered_json> items;
  std::vector<std::vector<std::string>> rows = {{"SETTING", "VALUE", "FROM", "LIVE"}};
  if (session.format == Format::kWide) rows.front().push_back("MEANING");
  for (const auto& entry : entries) {
    items.push_back(ConfigEntryJson(entry));
    rows.push_back({entry.key, entry.value, entry.source, entry.dynamic ? "yes" : "no"});
    if (session.format == Format::kWide) rows.back().push_back(entry.description);
  }
  if (session.json()) {
    PrintJsonList(items, session.format);
  } else if (session.names()) {
    for (const auto& entry : entries) std::printf("%s\n", entry.key.c_str());
  } else {
    PrintTable(rows);
  }
  return 0;
}

int Get(const Session& session, const std::vector<std::string>& keys) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto entries =
      session.Ask("ClusterService/GetConfig", [&] { return client->admin().GetConfig(keys); });
  return entries.ok() ? PrintEntries(session, *entries) : session.Fail(entries.error());
}

int Set(const Session& session, const std::vector<std::string>& settings,
        const std::vector<std::string>& unset, bool dry_run) {
  abi0::ConfigChange change;
  change.unset = unset;
  for (const std::string& setting : settings) {
    const auto parts = SplitSetting(setting);
    if (!parts) return session.Usage(setting + ": settings are written KEY=VALUE");
    change.set[parts->first] = parts->second;
  }
  if (change.set.empty() && change.unset.empty())
    return session.Usage("nothing to set: give KEY=VALUE or --unset KEY");
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto entries = session.Ask("ClusterService/SetConfig",
                                   [&] { return client->admin().SetConfig(change, dry_run); });
  if (!entries.ok()) return session.Fail(entries.error());
  if (dry_run && !session.json())
    std::fprintf(stderr, "nothing was changed; the settings would be:\n");
  return PrintEntries(session, *entries);
}

}  // namespace

void AddConfig(CLI::App& root, Session& session, Action& chosen) {
  CLI::App& config = *AddNoun(root, "config", "get, set: the broker's settings, live",
                              {"qalam config get", "qalam config get log.retention.ms",
                               "qalam config set log.retention.ms=30d"});
  auto keys = std::make_shared<std::vector<std::string>>();
  auto* verb =
      AddVerb(config, "get", "settings with where each comes from",
              {"qalam config get", "qalam config get log.retention.ms", "qalam config get -o wide"},
              chosen, [&session, keys] { return Get(session, *keys); });
  verb->add_option("keys", *keys, "only these");
  auto settings = std::make_shared<std::vector<std::string>>();
  auto unset = std::make_shared<std::vector<std::string>>();
  auto dry_run = std::make_shared<bool>(false);
  verb = AddVerb(
      config, "set", "change live settings; kept over restarts",
      {"qalam config set log.retention.ms=30d", "qalam config set qalam.retention.clock=accept",
       "qalam config set --unset log.retention.ms"},
      chosen,
      [&session, settings, unset, dry_run] { return Set(session, *settings, *unset, *dry_run); });
  verb->add_option("settings", *settings, "KEY=VALUE");
  verb->add_option("--unset", *unset, "back to what the file says")->allow_extra_args(false);
  verb->add_flag("--dry-run", *dry_run, "only check");
}

}  // namespace qalam::cli
