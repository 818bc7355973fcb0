#include "client/cli/bundle_host.h"

#include <sys/utsname.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace qalam::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLogTailBytes = std::size_t{1} << 20;

// Nothing: the file can't be read. /proc says no sizes, hence to the end.
bool ReadText(const std::string& path, std::string& out) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  std::ostringstream text;
  text << file.rdbuf();
  out = text.str();
  return true;
}

void AddFile(const std::string& path, const std::string& name, const std::string& what,
             Bundle& bundle) {
  std::string text;
  if (ReadText(path, text)) {
    bundle.Add(name, what, text);
  } else {
    bundle.Lacks(name, path + ": " + std::strerror(errno));
  }
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// The threads with what each is called, its state, and the processor time it took.
std::string Threads(const std::string& process) {
  std::string text = "thread  name  state  user and system ticks\n";
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(process + "/task", ignored)) {
    std::string stat;
    if (!ReadText(entry.path().string() + "/stat", stat)) continue;
    // "42 (name) S ...": the name may have anything in it but ends with the last bracket.
    const std::size_t open = stat.find('(');
    const std::size_t close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    std::istringstream rest(stat.substr(close + 1));
    std::vector<std::string> fields;
    for (std::string field; rest >> field;) fields.push_back(field);
    if (fields.size() < 13) continue;
    text += fmt::format("{}  {}  {}  {} {}\n", entry.path().filename().string(),
                        stat.substr(open + 1, close - open - 1), fields[0], fields[11], fields[12]);
  }
  return text;
}

}  // namespace

void AddMachineParts(Bundle& bundle) {
  utsname names{};
  std::string kernel;
  if (::uname(&names) == 0) {
    kernel =
        fmt::format("{} {} {} {}\n", names.sysname, names.release, names.version, names.machine);
  }
  std::string text;
  if (ReadText("/etc/os-release", text)) kernel += text;
  bundle.Add("machine/kernel.txt", "kernel and distribution, without the machine's name", kernel);
  if (ReadText("/proc/cpuinfo", text)) {
    std::istringstream lines(text);
    std::size_t count = 0;
    std::string model;
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("processor", 0) == 0) ++count;
      if (model.empty() && line.rfind("model name", 0) == 0) model = line;
    }
    bundle.Add("machine/processors.txt", "how many, which",
               fmt::format("{} processors\n{}\n", count, model));
  }
  AddFile("/proc/meminfo", "machine/memory.txt", "the machine's memory", bundle);
  std::string kernel_limits;
  for (const char* name :
       {"vm/dirty_ratio", "vm/dirty_background_ratio", "vm/dirty_bytes", "vm/swappiness",
        "vm/max_map_count", "fs/file-nr", "fs/file-max", "net/core/somaxconn", "kernel/pid_max"}) {
    if (ReadText(std::string("/proc/sys/") + name, text)) {
      kernel_limits += std::string(name) + " " + FirstLine(text) + "\n";
    }
  }
  for (const char* name : {"enabled", "defrag"}) {
    if (ReadText(std::string("/sys/kernel/mm/transparent_hugepage/") + name, text)) {
      kernel_limits += std::string("transparent_hugepage/") + name + " " + FirstLine(text) + "\n";
    }
  }
  bundle.Add("machine/kernel-limits.txt", "limits that matter to a broker", kernel_limits);
  if (ReadText("/proc/loadavg", text)) bundle.Add("machine/load.txt", "load", text);
  for (const char* name : {"io", "memory", "cpu"}) {
    if (ReadText(std::string("/proc/pressure/") + name, text)) {
      bundle.Add(std::string("machine/pressure-") + name + ".txt", "time lost by waiting", text);
    }
  }
}

void AddProcessParts(std::int64_t pid, Bundle& bundle) {
  const std::string process = "/proc/" + std::to_string(pid);
  AddFile(process + "/status", "process/status.txt", "memory, threads, ids", bundle);
  AddFile(process + "/limits", "process/limits.txt", "its resource limits", bundle);
  AddFile(process + "/io", "process/io.txt", "bytes that it read and wrote", bundle);
  bundle.Add("process/threads.txt", "its threads", Threads(process));
  std::error_code failed;
  const auto descriptors = fs::directory_iterator(process + "/fd", failed);
  if (failed) {
    bundle.Lacks("process/descriptors.txt", failed.message());
  } else {
    bundle.Add("process/descriptors.txt", "how many descriptors it has open",
               fmt::format("{}\n", std::distance(begin(descriptors), end(descriptors))));
  }
}

void AddLogTail(const std::string& file, Bundle& bundle) {
  constexpr const char* kName = "log-tail.txt";
  std::ifstream log(file, std::ios::binary | std::ios::ate);
  if (!log) {
    bundle.Lacks(kName, file + ": " + std::strerror(errno));
    return;
  }
  const auto size = static_cast<std::size_t>(std::max<std::streamoff>(log.tellg(), 0));
  const std::size_t begin = size - std::min(size, kLogTailBytes);
  std::string text(size - begin, '\0');
  log.seekg(static_cast<std::streamoff>(begin));
  log.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(log.gcount()));
  if (begin > 0) text.erase(0, text.find('\n') + 1);
  bundle.Add(kName, "the end of the broker's log", text);
}

}  // namespace qalam::cli
