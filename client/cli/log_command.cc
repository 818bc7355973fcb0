#include <sys/stat.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <variant>

#include "broker/tools/log_dump.h"
#include "broker/tools/log_verify.h"
#include "client/cli/verbs.h"
#include "common/base64.h"
#include "common/posix_file_system.h"
#include "common/utf8.h"

namespace qalam::cli {
namespace {

abi0::Error ToPublic(const core::Error& error) {
  const core::ErrorInfo& info = core::InfoOf(error.code());
  return abi0::Error(std::string(info.word), error.message(), info.retriable,
                     std::string(info.remedy), {error.details().begin(), error.details().end()},
                     "");
}

// As in a record of `consume -o json`: what is not UTF-8 goes to NAME_base64.
nlohmann::ordered_json JsonOf(const DumpLine& line) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [name, value] : line.fields) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      object[name] = *number;
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      object[name] = *text;
    } else if (const auto* yes = std::get_if<bool>(&value)) {
      object[name] = *yes;
    } else if (const auto& bytes = std::get<DumpBytes>(value).bytes; !bytes) {
      object[name] = nullptr;
    } else if (IsUtf8(*bytes)) {
      object[name] = *bytes;
    } else {
      object[name + "_base64"] = Base64(*bytes);
    }
  }
  return object;
}

// A file or directory that is not there, before anything is printed.
std::optional<abi0::Error> Missing(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return std::nullopt;
  const int number = errno;
  const bool gone = number == ENOENT || number == ENOTDIR;
  return abi0::Error(
      gone               ? "NOT_FOUND"
      : number == EACCES ? "PERMISSION_DENIED"
                         : "IO_ERROR",
      gone ? path + " does not exist" : "can't look at " + path + ": " + std::strerror(number),
      false, "Check the path; a broker's logs are in DIR/log/TOPIC-PARTITION.", {{"file", path}},
      "");
}

int Dump(const Session& session, const std::vector<std::string>& files, bool records) {
  const auto print = [&](const DumpLine& line) {
    if (session.json())
      PrintJson(JsonOf(line));
    else
      std::printf("%s\n", line.Text().c_str());
  };
  for (const std::string& file : files) {
    if (const auto missing = Missing(file)) return session.Fail(*missing);
    const core::Status status = DumpLogFile(PosixFileSystem::Get(), file, records,
                                            std::function<void(const DumpLine&)>(print));
    if (!status.ok()) return session.Fail(ToPublic(status.error()));
  }
  return 0;
}

int Verify(const Session& session, const std::string& directory) {
  if (const auto missing = Missing(directory)) return session.Fail(*missing);
  const core::Result<VerifyReport> report = VerifyLogs(PosixFileSystem::Get(), directory);
  if (!report.ok()) return session.Fail(ToPublic(report.error()));
  if (session.json()) {
    PrintJson({{"partitions", report->partitions},
               {"segments", report->segments},
               {"batches", report->batches},
               {"records", report->records},
               {"bytes", report->bytes},
               {"findings", report->findings},
               {"findings_left_out", report->findings_left_out}});
  } else {
    for (const std::string& finding : report->findings) std::printf("%s\n", finding.c_str());
    const auto count = [](std::int64_t number, const char* noun, const char* plural = "") {
      return Counted(static_cast<std::uint64_t>(number), noun, plural);
    };
    const std::int64_t findings =
        static_cast<std::int64_t>(report->findings.size()) + report->findings_left_out;
    std::fprintf(stderr, "%s, %s, %s, %s, %s: %s\n", count(report->partitions, "partition").c_str(),
                 count(report->segments, "segment").c_str(),
                 count(report->batches, "batch", "batches").c_str(),
                 count(report->records, "record").c_str(), HumanBytes(report->bytes).c_str(),
                 findings == 0 ? "everything checks" : count(findings, "finding").c_str());
  }
  return report->findings.empty() ? 0 : static_cast<int>(Exit::kFailed);
}

}  // namespace

void AddLog(CLI::App& root, Session& session, Action& chosen) {
  CLI::App& log = *AddNoun(
      root, "log", "dump, verify: a log's files, without a broker",
      {"qalam log dump data/log/orders-0/00000000000000000000.log", "qalam log verify data"});
  auto files = std::make_shared<std::vector<std::string>>();
  auto records = std::make_shared<bool>(false);
  auto* verb =
      AddVerb(log, "dump", "batches, index entries, snapshots, checkpoints, a line each",
              {"qalam log dump data/log/orders-0/*.log",
               "qalam log dump --records 00000000000000000000.log",
               "qalam log dump durable-checkpoint leader-epoch-checkpoint"},
              chosen, [&session, files, records] { return Dump(session, *files, *records); });
  verb->add_option("files", *files)->required();
  verb->add_flag("--records", *records, "records too, not only batches");
  auto directory = std::make_shared<std::string>();
  verb = AddVerb(log, "verify",
                 "check every byte: CRCs, offsets, epochs, indexes; exit 1 with a line a finding",
                 {"qalam log verify /var/lib/qalam", "qalam log verify data/log/orders-0",
                  "qalam log verify data -o json"},
                 chosen, [&session, directory] { return Verify(session, *directory); });
  verb->add_option("directory", *directory, "a partition's directory, DIR/log, or a data directory")
      ->required();
}

}  // namespace qalam::cli
