#include "broker/node/process_status.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

namespace qalam {
namespace {

std::string ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

struct Times {
  char state = '?';
  double seconds = 0;
};

// From /proc/.../stat, whose second field, the name, may contain anything.
Times ReadTimes(const std::string& path) {
  const std::string line = ReadLine(path);
  const std::size_t after_name = line.rfind(')');
  if (after_name == std::string::npos) return {};
  std::istringstream fields(line.substr(after_name + 1));
  std::string skipped;
  Times times;
  fields >> times.state;
  constexpr int kFieldsUntilTimes = 10;
  for (int i = 0; i < kFieldsUntilTimes; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  times.seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return times;
}

std::string Seconds(double seconds) {
  std::ostringstream text;
  text.precision(2);
  text << std::fixed << seconds;
  return text.str();
}

}  // namespace

std::vector<std::string> DescribeThreads() {
  std::vector<std::string> lines;
  std::error_code failed;
  for (std::filesystem::directory_iterator at("/proc/self/task", failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string directory = at->path().string();
    const Times times = ReadTimes(directory + "/stat");
    const std::string waits = ReadLine(directory + "/wchan");
    lines.push_back("name=" + ReadLine(directory + "/comm") +
                    " id=" + at->path().filename().string() + " state=" + times.state +
                    " cpu_s=" + Seconds(times.seconds) +
                    (waits.empty() || waits == "0" ? "" : " waits_in=" + waits));
  }
  return lines;
}

std::string DescribeProcess() {
  std::string rss = "?";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("VmRSS:")) continue;
    std::istringstream fields(line.substr(6));
    fields >> rss;
  }
  std::size_t descriptors = 0;
  std::error_code failed;
  for (std::filesystem::directory_iterator at("/proc/self/fd", failed), end; !failed && at != end;
       at.increment(failed)) {
    ++descriptors;
  }
  return "resident_kib=" + rss + " descriptors=" + std::to_string(descriptors) +
         " cpu_s=" + Seconds(ReadTimes("/proc/self/stat").seconds);
}

}  // namespace qalam
