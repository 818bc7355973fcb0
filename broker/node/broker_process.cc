#include "broker/node/broker_process.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "broker/node/broker_host.h"
#include "broker/node/command_line.h"
#include "broker/node/config_sources.h"
#include "broker/node/config_text.h"
#include "broker/node/exit_code.h"
#include "broker/node/http_front_end.h"
#include "broker/node/out_of_memory.h"
#include "broker/node/process_status.h"
#include "broker/node/rebuild_metadata.h"
#include "broker/node/sd_notify.h"
#include "broker/node/second_start.h"
#include "broker/node/signals.h"
#include "common/bytes.h"
#include "common/logging.h"
#include "common/malloc_tuning.h"
#include "common/mutant.h"
#include "common/posix_file_system.h"

namespace qalam {
namespace {

constexpr const char* kConfigDirectory = "/etc/qalam";
constexpr std::chrono::milliseconds kTick{1000};  // Of the main thread's loop.

spdlog::logger& Log() {
  static spdlog::logger& log = Logger("node");
  return log;
}

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

// Said as a line of the log where that is JSON: whoever reads it as such gets nothing else.
int Fail(const Error& error, bool json = false) {
  if (json) {
    Log().critical("not started remedy=\"{}\" error={}", InfoOf(error.code()).remedy,
                   error.ToString());
    return static_cast<int>(ExitCodeOf(error.code()));
  }
  std::fprintf(stderr, "qalamd: %s\n", error.ToString().c_str());
  std::fprintf(stderr, "  %s\n", std::string(InfoOf(error.code()).remedy).c_str());
  return static_cast<int>(ExitCodeOf(error.code()));
}

std::vector<std::pair<std::string, std::string>> Environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable(*at);
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return variables;
}

// Everything that is written down somewhere, in rising precedence.
Result<std::vector<RawSetting>> GatherSettings(const CommandLine& line) {
  QALAM_ASSIGN_OR_RETURN(std::vector<RawSetting> settings,
                         line.config_file.empty() ? ReadConfigDirectory(kConfigDirectory)
                                                  : ReadTomlFile(line.config_file));
  QALAM_ASSIGN_OR_RETURN(std::vector<RawSetting> environment, ReadEnvironment(Environment()));
  settings.insert(settings.end(), environment.begin(), environment.end());
  settings.insert(settings.end(), line.settings.begin(), line.settings.end());
  return settings;
}

int Rebuild(const CommandLine& line, const BrokerSettings& settings) {
  DataDirectoryOptions options;
  options.path = settings.data_directory;
  options.node_id = settings.node_id;
  options.adopt_copy = line.adopt_copy;
  options.allow_network_file_system = line.force;
  options.repair = true;
  FileSystem& fs = PosixFileSystem::Get();
  if (access(options.path.c_str(), F_OK) != 0) {
    return Fail(
        Error(ErrorCode::kDirectoryUnusable, "data directory " + options.path + " does not exist"));
  }
  const Result<DataDirectory> directory = DataDirectory::Open(fs, options);
  if (!directory.ok()) return Fail(directory.error());
  const Result<RebuildReport> report = RebuildMetadata(fs, SystemClock::Get(), *directory);
  if (!report.ok()) return Fail(report.error());
  for (const std::string& note : report->notes) std::printf("note: %s\n", note.c_str());
  std::printf("metadata of %lld topics and %lld partitions rebuilt in %s/metadata\n",
              static_cast<long long>(report->topics), static_cast<long long>(report->partitions),
              directory->path().c_str());
  if (!report->moved_to.empty()) {
    std::printf("the old metadata is in %s\n", report->moved_to.c_str());
  }
  return 0;
}

// The owner serves what we were to serve. The exit code.
int Join(const CommandLine& line, const BrokerConfig& config) {
  const Result<JoinResult> joined = JoinOwner(PosixFileSystem::Get(), config, line.settings);
  if (!joined.ok()) return Fail(joined.error());
  std::printf("%s is owned by %s, process %d, owner epoch %lld\n",
              config.settings().data_directory.c_str(), joined->owner.program.c_str(),
              joined->owner.pid, static_cast<long long>(joined->owner.owner_epoch));
  for (const std::string& address : joined->addresses) std::printf("serves %s\n", address.c_str());
  for (const ConfigEntry& entry : joined->config) {
    std::printf("set %s=%s\n", entry.key.c_str(), entry.value.c_str());
  }
  return 0;
}

// One run of the broker, from start to stop. Thread: main.
class BrokerProcess {
 public:
  BrokerProcess(const CommandLine& line, Signals& signals) : line_(line), signals_(signals) {}

  Status Start(BrokerConfig config);
  // As Start, once the owner has handed over. Errors: kDirectoryInUse if it does not, or somebody
  // else was quicker.
  Status TakeOver(const BrokerConfig& config);
  // Until a signal or a failed log ends it. The exit code.
  int Serve();

 private:
  Status OpenHttp(const BrokerSettings& settings);
  Status WritePortFile();
  void Reload();
  void DumpStatus();
  void FeedWatchdog();
  int Stop(ExitCode code);

  const CommandLine& line_;
  Signals& signals_;
  std::chrono::milliseconds shutdown_timeout_{30'000};
  std::unique_ptr<BrokerHost> host_;
  std::unique_ptr<HttpFrontEnd> http_;
  std::atomic<bool> log_failed_ = false;
  // Set by the answer to the last question of the watchdog; shared with it, as it may come late.
  std::shared_ptr<std::atomic<bool>> answered_ = std::make_shared<std::atomic<bool>>(true);
  std::chrono::steady_clock::time_point next_feed_;
};

Status BrokerProcess::Start(BrokerConfig config) {
  const auto begin = std::chrono::steady_clock::now();
  const BrokerSettings settings = config.settings();
  shutdown_timeout_ = settings.shutdown_timeout;
  SdNotify("STATUS=starting");
  BrokerHostOptions options;
  options.core = {std::move(config), line_.adopt_copy, line_.force, QALAM_VERSION};
  options.on_log_failure = [this](const Error& error) {
    Log().critical("log failed, stopping error=\"{}\"", error.ToString());
    log_failed_.store(true);
    signals_.Wake();
  };
  QALAM_ASSIGN_OR_RETURN(
      host_, BrokerHost::Start(PosixFileSystem::Get(), SystemClock::Get(), std::move(options)));
  if (const Status opened = OpenHttp(settings); !opened.ok()) {
    host_->Stop(shutdown_timeout_);
    if (http_) http_->Stop();
    http_.reset();
    host_.reset();
    return opened.error();
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  Log().info("ready version={} took_ms={}", QALAM_VERSION, took.count());
  SdNotify("READY=1\nSTATUS=serving " + host_->addresses().front());
  return OkStatus();
}

Status BrokerProcess::TakeOver(const BrokerConfig& config) {
  constexpr std::chrono::seconds kPatience{35};  // The owner's own, and a little.
  constexpr std::chrono::milliseconds kBetween{2};
  const auto end = std::chrono::steady_clock::now() + kPatience;
  QALAM_RETURN_IF_ERROR(AskToHandOver(PosixFileSystem::Get(), config.settings().data_directory));
  while (true) {
    Status started = Start(config);
    const bool in_use = !started.ok() && started.error().code() == ErrorCode::kDirectoryInUse;
    if (!in_use || std::chrono::steady_clock::now() > end) return started;
    std::this_thread::sleep_for(kBetween);
  }
}

Status BrokerProcess::OpenHttp(const BrokerSettings& settings) {
  QALAM_ASSIGN_OR_RETURN(http_, HttpFrontEnd::Open(host_->core().broker(), *host_, settings));
  http_->Accept();
  return WritePortFile();
}

Status BrokerProcess::WritePortFile() {
  if (line_.port_file.empty()) return OkStatus();
  std::string text;
  for (const std::string& address : host_->addresses()) text += "grpc=" + address + "\n";
  for (const std::string& address : http_->addresses()) text += "http=" + address + "\n";
  const Status written = ReplaceFile(PosixFileSystem::Get(), line_.port_file, AsBytes(text));
  if (written.ok()) return OkStatus();
  return Error(ErrorCode::kInvalidArgument, "--port-file: " + written.error().message());
}

int BrokerProcess::Serve() {
  while (true) {
    const int signal = signals_.Wait(kTick);
    if (log_failed_.load()) return Stop(ExitCode::kLogFailed);
    if (signal == SIGTERM || signal == SIGINT) {
      Log().info("stopping signal={}", signal == SIGTERM ? "TERM" : "INT");
      return Stop(ExitCode::kStopped);
    }
    if (signal == SIGHUP) Reload();
    if (signal == SIGUSR1) DumpStatus();
    FeedWatchdog();
  }
}

void BrokerProcess::Reload() {
  SdNotify("RELOADING=1\nSTATUS=reading the settings again");
  Result<std::vector<RawSetting>> settings = GatherSettings(line_);
  const Status status = settings.ok() ? host_->core().config().Reload(std::move(settings).value())
                                      : Status(settings.error());
  if (!status.ok()) {
    Log().error("configuration not reloaded error=\"{}\"", status.error().ToString());
  }
  SdNotify("READY=1\nSTATUS=serving " + host_->addresses().front());
}

void BrokerProcess::DumpStatus() {
  Log().info("status {}", DescribeProcess());
  for (const std::string& thread : DescribeThreads()) Log().info("thread {}", thread);
  for (const std::string& queue : host_->core().DescribeQueues()) Log().info("queue {}", queue);
}

// Speaks for the broker's threads, not for this one: the next sign of life needs an answer to the
// last question.
void BrokerProcess::FeedWatchdog() {
  const auto interval = SdWatchdogInterval();
  const auto now = std::chrono::steady_clock::now();
  if (!interval || now < next_feed_ || !answered_->exchange(false)) return;
  next_feed_ = now + *interval / 3;
  host_->core().broker().DescribeCluster(
      Reply<ClusterInfo>([answered = answered_](const Result<ClusterInfo>& info) {
        answered->store(true);
        if (info.ok()) SdNotify("WATCHDOG=1");
      }));
}

// The work is done on another thread, so that a second signal ends the process at once.
int BrokerProcess::Stop(ExitCode code) {
  constexpr std::chrono::seconds kGrace{5};  // For what has no patience of its own.
  SdNotify("STOPPING=1\nSTATUS=stopping");
  const auto deadline = std::chrono::steady_clock::now() + shutdown_timeout_;
  std::atomic<bool> done = false;
  bool clean = false;
  std::thread stopper([&] {
    http_->StopAccepting();
    clean = host_->Stop(shutdown_timeout_);
    http_->Stop();
    done.store(true);
    signals_.Wake();
  });
  while (!done.load()) {
    const int signal = signals_.Wait(kTick);
    const bool again = signal == SIGTERM || signal == SIGINT;
    if (again || std::chrono::steady_clock::now() > deadline + kGrace) {
      Log().warn("ending at once reason=\"{}\": the next start recovers",
                 again ? "a second signal" : "stopping took too long");
      _exit(static_cast<int>(code));
    }
  }
  stopper.join();
  http_.reset();
  host_.reset();
  if (!line_.port_file.empty()) (void)unlink(line_.port_file.c_str());
  if (log_failed_.load()) code = ExitCode::kLogFailed;  // Perhaps only while stopping.
  if (clean) {
    Log().info("stopped");
  } else {
    Log().warn("stopped, but not everything was clean in time: the next start recovers");
  }
  return static_cast<int>(code);
}

}  // namespace

int RunBrokerProcess(int argc, const char* const* argv) {
  umask(077);
  EndWhenOutOfMemory();
  TuneMallocForBatches();
  const Result<CommandLine> line = ParseCommandLine(argc, argv);
  if (!line.ok()) return Fail(line.error());
  if (line->action == CommandLine::Action::kShow) {
    std::fputs(line->text.c_str(), stdout);
    return 0;
  }
  if (line->action == CommandLine::Action::kPrintReference) {
    std::fputs(ConfigReference().c_str(), stdout);
    return 0;
  }
  Result<std::vector<RawSetting>> settings = GatherSettings(*line);
  if (!settings.ok()) return Fail(settings.error());
  Result<BrokerConfig> config = BrokerConfig::Build(std::move(settings).value());
  if (!config.ok()) return Fail(config.error());
  const bool json = config->settings().log_format == "json";
  ConfigureLogging({config->settings().log_level, json});
  switch (line->action) {
    case CommandLine::Action::kCheckConfig:
      std::fputs("configuration is valid\n", stderr);
      return 0;
    case CommandLine::Action::kPrintConfig:
      std::fputs(PrintConfig(*config).c_str(), stdout);
      return 0;
    case CommandLine::Action::kRebuildMetadata:
      return Rebuild(*line, config->settings());
    default:
      break;
  }
  if (kMutantsBuilt) Log().warn("made to be wrong, for tests only; mutant={}", ChosenMutantName());
  RaiseDescriptorLimit();
  Result<Signals> signals = Signals::Block();
  if (!signals.ok()) return Fail(signals.error(), json);
  BrokerProcess process(*line, *signals);
  Status started = process.Start(*config);
  const std::string& directory = config->settings().data_directory;
  if (!started.ok() && started.error().code() == ErrorCode::kDirectoryInUse) {
    if (line->join) return Join(*line, *config);
    if (line->take_over) started = process.TakeOver(*config);
    if (!started.ok() && started.error().code() == ErrorCode::kDirectoryInUse) {
      started = NameOwner(PosixFileSystem::Get(), started.error(), directory);
    }
  }
  if (!started.ok()) return Fail(started.error(), json);
  return process.Serve();
}

}  // namespace qalam
