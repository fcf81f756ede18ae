#include "telemetry/process_collector.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace limpid::telemetry {
namespace {

using prometheus::MetricType;

prometheus::MetricFamily Single(const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {.name = name, .help = help, .type = type, .metric = {metric}};
}

// What proc(5) says in /proc/self/stat, the fields that are exported here.
struct ProcessStat {
  double user_ticks = 0, system_ticks = 0, start_ticks = 0, virtual_bytes = 0, resident_pages = 0;
};

ProcessStat ReadStat() {
  std::ifstream file("/proc/self/stat");
  std::string text(std::istreambuf_iterator<char>(file), {});
  // The second field, the program's name in parentheses, may hold spaces: count fields from behind it.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  ProcessStat stat;
  std::string field;
  for (int number = 3; fields >> field && number <= 24; ++number) {
    const double value = std::strtod(field.c_str(), nullptr);
    if (number == 14) stat.user_ticks = value;
    if (number == 15) stat.system_ticks = value;
    if (number == 22) stat.start_ticks = value;
    if (number == 23) stat.virtual_bytes = value;
    if (number == 24) stat.resident_pages = value;
  }
  return stat;
}

double BootTimeSeconds() {
  std::ifstream file("/proc/stat");
  for (std::string key; file >> key;) {
    double value = 0;
    if (key == "btime" && file >> value) return value;
  }
  return 0;
}

double OpenFileDescriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/self/fd", error);
  return error ? 0 : static_cast<double>(std::distance(begin(entries), end(entries)));
}

double MaxFileDescriptors() {
  rlimit limit = {};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessCollector::Collect() const {
  const ProcessStat stat = ReadStat();
  const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  return {
      Single("process_cpu_seconds_total", "User and system CPU time spent.", MetricType::Counter,
             (stat.user_ticks + stat.system_ticks) / ticks_per_second),
      Single("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge, stat.resident_pages * page_bytes),
      Single("process_virtual_memory_bytes", "Virtual memory.", MetricType::Gauge, stat.virtual_bytes),
      Single("process_open_fds", "Open file descriptors.", MetricType::Gauge, OpenFileDescriptors()),
      Single("process_max_fds", "Most file descriptors allowed.", MetricType::Gauge, MaxFileDescriptors()),
      Single("process_start_time_seconds", "Start of the process since the epoch.", MetricType::Gauge,
             BootTimeSeconds() + stat.start_ticks / ticks_per_second),
  };
}

}  // namespace limpid::telemetry
