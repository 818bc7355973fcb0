#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "client/cli/bundle.h"
#include "client/cli/bundle_broker.h"
#include "client/cli/bundle_directory.h"
#include "client/cli/bundle_host.h"
#include "client/cli/interrupt.h"
#include "client/cli/text.h"
#include "client/cli/time_point.h"
#include "client/cli/verbs.h"
#include "common/units.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kWhatIsInIt =
    R"text(In it: versions, settings, cluster, topics and partitions, figures twice, problems, open streams,
kernel, processors, memory; with --data-dir also the names, sizes and checkpoints of its files, its
file system, and status and limits of the process that owns it; with --log-file the log's end.
Never in it: records, keys, headers, the files that hold them, the metadata store, environments and
command lines, whole addresses of clients. What looks secret (passwords, tokens, keys, users in
URLs) becomes "(redacted)". MANIFEST.txt in it says the same, and what could not be had.

)text";

struct BundleOptions {
  std::string file;       // Empty: a name with the time, here. "-": stdout.
  std::string directory;  // --data-dir
  std::string log_file;
  std::string interval = "1s";
  std::optional<std::int64_t> pid;
};

abi0::Error FileError(const std::string& what, const std::string& file, int number) {
  const char* const code = number == EEXIST   ? "INVALID_ARGUMENT"
                           : number == ENOENT ? "NOT_FOUND"
                           : number == ENOSPC ? "NO_SPACE"
                           : number == EACCES ? "PERMISSION_DENIED"
                                              : "IO_ERROR";
  return abi0::Error(code, what + " " + file + ": " + std::strerror(number), false,
                     "Name another one.", {{"file", file}}, "");
}

abi0::Error CannotWrite(const std::string& file, int number) {
  return FileError("can't write", file, number);
}

// A new file, for its owner only; what is there is not touched, and half of one is removed.
abi0::Status WriteNew(const std::string& file, const std::string& bytes) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return CannotWrite(file, errno);
  std::size_t done = 0;
  int failed = 0;
  while (failed == 0 && done < bytes.size()) {
    const ssize_t written = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno != EINTR) {
      failed = errno;
    }
  }
  if (::close(descriptor) != 0 && failed == 0) failed = errno;
  if (failed == 0) return {};
  ::unlink(file.c_str());
  return CannotWrite(file, failed);
}

ordered_json OwnerJson(const abi0::DirectoryOwner& owner) {
  return {{"directory_id", owner.directory_id},
          {"epoch", owner.owner_epoch},
          {"pid", owner.pid},
          {"program", owner.program},
          {"version", owner.version},
          {"since_ms", owner.since_ms},
          {"proxies", owner.proxies_count},
          {"addresses", owner.addresses}};
}

// What the directory says, and who owns it: the broker to ask. The process that is.
std::optional<std::int64_t> AddDirectory(const std::string& directory, Bundle& bundle) {
  const auto owner = abi0::SmartClient::OwnerOf(directory);
  if (owner.ok()) {
    bundle.AddJson("directory/owner.json", "who owns it", OwnerJson(*owner));
  } else {
    bundle.Lacks("directory/owner.json", owner.error().code() + ": " + owner.error().message());
  }
  AddDirectoryParts(directory, bundle);
  if (!owner.ok()) return std::nullopt;
  return owner->pid;
}

Bundle Collect(const Session& session, const BundleOptions& options,
               std::chrono::milliseconds interval) {
  Bundle bundle;
  bundle.AddJson("version.json", "of the program that made this",
                 {{"qalam", abi0::Version()}, {"wire", "qalam.v1"}, {"compiler", __VERSION__}});
  std::optional<std::int64_t> pid;
  if (!session.directory.empty()) pid = AddDirectory(session.directory, bundle);
  if (session.directory.empty() || pid) {
    AddBrokerParts(session, interval, bundle);
  } else {
    bundle.Lacks("broker/", "nobody who answers owns the directory");
  }
  if (options.pid) pid = options.pid;
  if (pid) {
    AddProcessParts(*pid, bundle);
  } else {
    bundle.Lacks("process/", "neither --pid nor the --data-dir of a running broker was given");
  }
  AddMachineParts(bundle);
  if (!options.log_file.empty()) AddLogTail(options.log_file, bundle);
  return bundle;
}

void Tell(const Session& session, const Bundle& bundle, const std::string& file,
          std::size_t bytes) {
  if (session.json()) {
    ordered_json document = {{"file", file}, {"bytes", bytes}, {"parts", ordered_json::array()}};
    for (const Bundle::Part& part : bundle.parts()) {
      document["parts"].push_back(
          {{"name", part.name}, {"bytes", part.contents.size()}, {"what", part.what}});
    }
    document["missing"] = ordered_json::array();
    for (const Bundle::Gap& gap : bundle.gaps()) {
      document["missing"].push_back({{"name", gap.name}, {"why", gap.why}});
    }
    PrintJson(document);
    return;
  }
  std::printf("%s\n", file.c_str());
  std::fprintf(stderr, "%s, %s; MANIFEST.txt in it says what is there and what never is\n",
               Counted(bundle.parts().size(), "part").c_str(),
               HumanBytes(static_cast<std::int64_t>(bytes)).c_str());
  for (const Bundle::Gap& gap : bundle.gaps()) {
    std::fprintf(stderr, "  missing: %s: %s\n", gap.name.c_str(), gap.why.c_str());
  }
}

int MakeBundle(Session session, const BundleOptions& options) {
  const auto interval = ParseDurationMs(options.interval);
  if (!interval.ok() || *interval < 1 || *interval > 60'000) {
    return session.Usage("--interval " + options.interval + ": a duration from 1ms to 60s");
  }
  // Whoever looks at a directory must not become its owner.
  session.may_own = false;
  if (!options.directory.empty()) session.directory = options.directory;
  if (!session.directory.empty()) {
    std::error_code failed;
    const auto directory = std::filesystem::canonical(session.directory, failed);
    if (failed) return session.Fail(FileError("can't look at", session.directory, failed.value()));
    session.directory = directory.string();
  }
  const std::int64_t made_ms = NowMs();
  const std::string folder = "qalam-bundle-" + FormatTime("%Y%m%dT%H%M%SZ", made_ms);
  const bool to_stdout = options.file == "-";
  const std::string file = options.file.empty() ? folder + ".tar.gz" : options.file;
  if (!to_stdout && ::access(file.c_str(), F_OK) == 0) {
    return session.Fail(CannotWrite(file, EEXIST));
  }
  const Bundle bundle = Collect(session, options, std::chrono::milliseconds(*interval));
  const auto archive = bundle.Archive(folder, made_ms);
  if (!archive.ok()) return session.Fail(archive.error());
  if (to_stdout) return WriteOutput(*archive) ? 0 : session.Fail(OutputError());
  if (const auto written = WriteNew(file, *archive); !written.ok()) {
    return session.Fail(written.error());
  }
  Tell(session, bundle, file, archive->size());
  return 0;
}

}  // namespace

void AddDebug(CLI::App& root, Session& session, Action& chosen) {
  const std::vector<std::string> examples = {
      "qalam debug bundle", "qalam debug bundle case-42.tar.gz --data-dir /var/lib/qalam",
      "qalam debug bundle --log-file /var/log/qalam.log -o json",
      "qalam debug bundle - | tar -tzf -"};
  CLI::App& debug = *AddNoun(root, "debug", "bundle: a support archive", examples);
  const auto options = std::make_shared<BundleOptions>();
  auto* verb =
      AddVerb(debug, "bundle", "a support archive (tar.gz) without records and without secrets",
              examples, chosen, [&session, options] { return MakeBundle(session, *options); });
  verb->footer(kWhatIsInIt + verb->get_footer());
  verb->add_option("FILE", options->file, "default: qalam-bundle-TIME.tar.gz here; -: stdout");
  verb->add_option(
      "--data-dir", options->directory,
      "a broker's directory on this machine: whoever owns it is asked, in place of -b (as --dir)");
  verb->add_option("--log-file", options->log_file, "where the broker's log goes: its last MiB");
  verb->add_option("--pid", options->pid, "the broker's process, if no directory tells it")
      ->check(AtLeast(1));
  verb->add_option("--interval", options->interval, "between the two figures (default 1s)");
}

}  // namespace qalam::cli
