#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "explain/explainer.h"
#include "lifecycle/model_loader.h"
#include "rpc/security.h"
#include "schedule/admission.h"
#include "schedule/scheduler.h"
#include "telemetry/log.h"

namespace limpid {

// Everything that can be set about a server. Read from flags and the environment once, in main; each room is given only
// its own part.
struct Config {
  std::vector<lifecycle::ModelSource> models;  // the first is the default
  std::string listen = "127.0.0.1:50051";
  std::string port_file;                          // gets the address listened on; empty: none
  std::string metrics_listen = "127.0.0.1:9464";  // or "off"
  std::string health_listen;                      // empty: none beside the service's own
  std::string admin_listen = "off";               // or the address of limpid.v1.Admin
  std::string admin_model_root;                   // folders that it may load lie below this one
  std::string playground = "off";                 // or the address of the page
  bool reflection = true;
  rpc::SecurityOptions security;
  engine::EngineOptions engine;
  schedule::SchedulerOptions schedule;
  schedule::AdmissionOptions admission;
  explain::Limits limits;
  absl::Duration stall_time = absl::Seconds(30);
  size_t tokenizer_threads = 2;
  size_t max_requests_per_stream = 64;
  absl::Duration canary_interval = absl::Seconds(30);  // zero: a canary at start only
  absl::Duration watchdog_time = absl::Seconds(60);    // a batch that runs longer hangs
  absl::Duration max_request_time = absl::Seconds(60);
  absl::Duration drain_notice = absl::ZeroDuration();  // requests are still taken so long after readiness ended
  absl::Duration drain_time = absl::Seconds(30);       // then those under way may take so long
  telemetry::LogLevel log_level = telemetry::LogLevel::kInfo;
  telemetry::LogFormat log_format = telemetry::DefaultLogFormat();
};

// What the command line asks for: a server, or a text to print and an exit code (--help, --version, a wrong flag).
struct CommandLine {
  Config config;
  bool exits = false;
  int exit_code = 0;
};

// Prints help and errors itself.
CommandLine ParseCommandLine(int argc, char** argv);

}  // namespace limpid
