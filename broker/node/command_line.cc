#include "broker/node/command_line.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "broker/node/config_sources.h"
#include "broker/node/meta_properties.h"

namespace qalam {
namespace {

constexpr const char* kExamples = R"(
Examples:
  qalamd --data-dir /var/lib/qalam
  qalamd --data-dir ./data --listen 127.0.0.1:0 --port-file ./port
  qalamd --config ./qalam.toml --set log.retention.ms=1d --check-config
  qalamd --print-config | grep retention
  qalamd --data-dir ./data --log-format json 2>&1 | jq -r .msg
  qalamd --data-dir ./data --rebuild-metadata
  qalamd --data-dir ./data --listen 127.0.0.1:7420 --join
  qalamd --data-dir ./data --take-over

Settings come from /etc/qalam/qalam.toml and conf.d/*.toml (or --config), then the environment
(QALAM_LOG_SEGMENT_BYTES for log.segment.bytes), then --set, then `qalam config set`; the later wins.
TERM and INT stop cleanly, a second one at once. HUP reads the settings again. USR1 writes what every
thread does to the log.
Exit codes: 0 stopped, 1 unknown, 2 usage or bad configuration, 69 port in use, 71 out of memory, 73 the
directory can't be created or written, 74 a log failed, 75 the directory is in use, 78 the directory
is of another format, of another node, a copy, or lacks its metadata.
)";

std::string Join(const std::vector<std::string>& addresses) {
  std::string all;
  for (const std::string& address : addresses) all += (all.empty() ? "" : ",") + address;
  return all;
}

}  // namespace

std::string VersionText() {
  return std::string("qalamd ") + QALAM_VERSION + " (API v1, data directory format " +
         std::to_string(MetaProperties::kVersion) + ")";
}

Result<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  CommandLine line;
  std::string data_dir;
  std::vector<std::string> listen;
  std::vector<std::string> http;
  std::string log_format;
  std::vector<std::string> sets;
  bool allow_insecure = false;
  bool check = false;
  bool print = false;
  bool reference = false;
  bool rebuild = false;

  CLI::App app("The Qalam broker: a partitioned, append-only, durable log.", "qalamd");
  app.footer(kExamples);
  app.set_version_flag("--version", VersionText());
  app.add_option("--data-dir", data_dir, "Directory that holds everything (qalam.data.dir)")
      ->type_name("DIR");
  app.add_option("--listen", listen, "Where to serve gRPC; port 0: a free one (listeners)")
      ->type_name("HOST:PORT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--http", http, "Where to serve HTTP and the console (qalam.http.listeners)")
      ->type_name("HOST:PORT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--config", line.config_file, "TOML file in place of /etc/qalam")
      ->type_name("FILE");
  app.add_option("--set", sets, "One setting; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--log-format", log_format,
                 "Of the log on stderr: text, or json, an object a line (qalam.log.format)")
      ->type_name("FORMAT");
  app.add_option("--port-file", line.port_file,
                 "Written when ready: grpc=HOST:PORT, http=HOST:PORT")
      ->type_name("FILE");
  app.add_flag("--check-config", check, "Check the settings and stop");
  app.add_flag("--print-config", print, "Print every setting, its value and its source, and stop");
  app.add_flag("--print-config-reference", reference,
               "Print docs/reference/configuration.md and stop");
  app.add_flag("--rebuild-metadata", rebuild,
               "Rebuild DIR/metadata from what the logs say, and stop");
  app.add_flag("--adopt-copy", line.adopt_copy,
               "The directory is a copy and its original is out of use");
  auto* const join = app.add_flag(
      "--join", line.join,
      "If the directory has an owner, let it serve --listen, too, and apply --set; then stop");
  app.add_flag("--take-over", line.take_over,
               "If the directory has an owner inside of a program, ask it to hand over")
      ->excludes(join);
  app.add_flag("--force", line.force, "Use a data directory on a network file system");
  app.add_flag("--allow-insecure", allow_insecure,
               "Listen beyond loopback without encryption and authentication");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.action = CommandLine::Action::kShow;
    line.text = app.help();
    return line;
  } catch (const CLI::CallForVersion&) {
    line.action = CommandLine::Action::kShow;
    line.text = VersionText() + "\n";
    return line;
  } catch (const CLI::ParseError& e) {
    return Error(ErrorCode::kInvalidArgument, std::string(e.what()) + "; see qalamd --help");
  }
  if (check) line.action = CommandLine::Action::kCheckConfig;
  if (print) line.action = CommandLine::Action::kPrintConfig;
  if (reference) line.action = CommandLine::Action::kPrintReference;
  if (rebuild) line.action = CommandLine::Action::kRebuildMetadata;
  for (const std::string& set : sets) {
    QALAM_ASSIGN_OR_RETURN(RawSetting setting, ParseSetting(set, "--set"));
    line.settings.push_back(std::move(setting));
  }
  if (!data_dir.empty()) line.settings.push_back({"qalam.data.dir", data_dir, "--data-dir"});
  if (!listen.empty()) line.settings.push_back({"listeners", Join(listen), "--listen"});
  if (!http.empty()) line.settings.push_back({"qalam.http.listeners", Join(http), "--http"});
  if (!log_format.empty()) {
    line.settings.push_back({"qalam.log.format", log_format, "--log-format"});
  }
  if (allow_insecure) {
    line.settings.push_back({"qalam.allow.insecure", "true", "--allow-insecure"});
  }
  return line;
}

}  // namespace qalam
