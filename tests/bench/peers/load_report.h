#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "client/cli/histogram.h"  // So that both sides are measured alike.

namespace qalam::bench {

using Clock = std::chrono::steady_clock;
using cli::Histogram;

// The value of record `i`, as `qalam bench` has it: neighbours differ in their first eight bytes.
inline void Number(std::string& value, std::uint64_t i) {
  if (value.size() >= sizeof i) std::memcpy(value.data(), &i, sizeof i);
}

// CPU seconds of this process so far.
inline double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// What one run did; Print writes it as a line of JSON with the names of `qalam bench -o json`.
struct LoadReport {
  std::string mode;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // Of the values.
  double seconds = 0;
  double cpu_seconds = 0;
  const Histogram* ack = nullptr;
  const Histogram* e2e = nullptr;

  void Print() const {
    std::printf(
        "{\"verb\": \"%s\", \"records\": %llu, \"seconds\": %.6f, \"records_per_s\": %.1f, ",
        mode.c_str(), static_cast<unsigned long long>(records), seconds,
        static_cast<double>(records) / seconds);
    std::printf("\"mb_per_s\": %.3f, \"client_cpu_us\": %.4f",
                static_cast<double>(bytes) / seconds / 1e6,
                cpu_seconds / static_cast<double>(records) * 1e6);
    PrintLatency("ack_ms", ack);
    PrintLatency("e2e_ms", e2e);
    std::printf("}\n");
    std::fflush(stdout);
  }

 private:
  static void PrintLatency(const char* name, const Histogram* latency) {
    if (latency == nullptr || latency->count() == 0) return;
    std::printf(", \"%s\": {\"p50\": %.4f, \"p99\": %.4f, \"p999\": %.4f, \"max\": %.4f}", name,
                latency->Quantile(0.5), latency->Quantile(0.99), latency->Quantile(0.999),
                latency->Max());
  }
};

// Begins at construction, ends at Finish.
class Stopwatch {
 public:
  void Finish(LoadReport& report) const {
    report.seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    report.cpu_seconds = CpuSeconds() - cpu_;
  }

 private:
  const Clock::time_point begun_ = Clock::now();
  const double cpu_ = CpuSeconds();
};

}  // namespace qalam::bench
