#include "lib/sanity/private_server.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "lib/channel.h"

namespace limpid::client {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "limpid-server";
// Nobody else waits: a text may take what it takes.
constexpr char kSeconds[] = "3600";
constexpr absl::Duration kTimeout = absl::Hours(1);
constexpr absl::Duration kLoadTime = absl::Minutes(10);
constexpr absl::Duration kLook = absl::Milliseconds(10);

constexpr const char* kMachineSettings[] = {"LIMPID_DEVICE=", "LIMPID_THREADS=", "LIMPID_TOKENIZER_THREADS=",
                                            "LIMPID_MAX_BATCH_TOKENS=", "LIMPID_MAX_BATCH_BYTES="};

std::vector<std::string> Environment() {
  std::vector<std::string> kept;
  for (char** at = environ; *at != nullptr; ++at) {
    const absl::string_view setting = *at;
    const auto begins_it = [&](const char* name) { return absl::StartsWith(setting, name); };
    const bool is_machines = std::any_of(std::begin(kMachineSettings), std::end(kMachineSettings), begins_it);
    if (is_machines || !absl::StartsWith(setting, "LIMPID_")) kept.emplace_back(setting);
  }
  return kept;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool IsExecutable(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

// In the child, between fork and exec: only what is safe there. Does not return.
[[noreturn]] void BecomeServer(char** arguments, char** environment, int log, pid_t parent, const sigset_t& mask) {
  // Ctrl-C at the terminal is for `limpid` alone, which then ends the server.
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const bool is_orphan = getppid() != parent;
  if (!is_orphan && dup2(nothing, STDIN_FILENO) >= 0 && dup2(log, STDOUT_FILENO) >= 0 &&
      dup2(log, STDERR_FILENO) >= 0) {
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    execve(arguments[0], arguments, environment);
    const char* reason = strerrordesc_np(errno);
    if (write(STDERR_FILENO, reason, std::strlen(reason)) < 0) _exit(126);
  }
  _exit(127);
}

}  // namespace

absl::StatusOr<std::string> FindServerBinary(const std::string& given) {
  if (!given.empty()) {
    if (IsExecutable(given)) return given;
    return absl::InvalidArgumentError(absl::StrCat("--server-binary: ", given, " is not a program"));
  }
  std::error_code ignored;
  std::vector<fs::path> folders = {fs::read_symlink("/proc/self/exe", ignored).parent_path()};
  const char* path = std::getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path == nullptr ? "" : path, ':', absl::SkipEmpty())) {
    folders.emplace_back(std::string(folder));
  }
  for (const fs::path& folder : folders) {
    if (IsExecutable(folder / kProgram)) return (folder / kProgram).string();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(kProgram, " is neither beside limpid nor on PATH; --server-binary PATH says where it is"));
}

absl::StatusOr<std::unique_ptr<PrivateServer>> PrivateServer::Start(const std::string& binary,
                                                                    const fs::path& model_folder,
                                                                    const fs::path& scratch_folder,
                                                                    Interruption* interruption) {
  const fs::path address_file = scratch_folder / "address", log = scratch_folder / "log";
  std::error_code ignored;
  fs::remove(address_file, ignored);
  const int log_fd = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (log_fd < 0) return absl::UnknownError(absl::StrCat("cannot write ", log.string(), ": ", std::strerror(errno)));

  std::vector<std::string> arguments = {binary,
                                        "--model",
                                        absl::StrCat("model=", model_folder.string()),
                                        "--listen",
                                        "127.0.0.1:0",
                                        "--port-file",
                                        address_file.string(),
                                        "--metrics-listen",
                                        "off",
                                        "--log-level",
                                        "off",
                                        "--canary-seconds",
                                        "0",
                                        "--max-request-seconds",
                                        kSeconds,
                                        "--max-queue-seconds",
                                        kSeconds,
                                        "--watchdog-seconds",
                                        kSeconds};
  std::vector<std::string> environment = Environment();
  std::vector<char*> argv = Pointers(&arguments), envp = Pointers(&environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) BecomeServer(argv.data(), envp.data(), log_fd, parent, interruption->mask_before());
  const int fork_error = errno;
  close(log_fd);
  if (pid < 0) return absl::UnknownError(absl::StrCat("cannot start ", binary, ": ", std::strerror(fork_error)));

  std::unique_ptr<PrivateServer> server(new PrivateServer(pid, interruption));
  interruption->Watch(pid);
  const absl::Status serving = server->WaitUntilServing(address_file, log);
  if (interruption->has_come()) return absl::CancelledError("interrupted");
  if (!serving.ok()) return serving;
  return server;
}

PrivateServer::~PrivateServer() {
  interruption_.Forget();
  // It keeps nothing that would be lost.
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

absl::Status PrivateServer::CheckRuns(const fs::path& log) {
  siginfo_t end{};
  const bool has_ended =
      waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid != 0;
  if (!has_ended) return absl::OkStatus();
  const std::string said(absl::StripAsciiWhitespace(ReadAll(log)));
  return absl::UnknownError(
      absl::StrCat("the private server did not start: ", said.empty() ? "no reason given" : said));
}

absl::Status PrivateServer::WaitUntilServing(const fs::path& address_file, const fs::path& log) {
  for (const absl::Time end = absl::Now() + kLoadTime; absl::Now() < end; absl::SleepFor(kLook)) {
    if (const absl::Status runs = CheckRuns(log); !runs.ok()) return runs;
    if (client_ == nullptr) {
      const std::string address = ReadAll(address_file);
      if (!absl::EndsWith(address, "\n")) continue;
      ServerAddress server;
      server.address = std::string(absl::StripAsciiWhitespace(address));
      // Another server may have had the address before: a connection of its own.
      absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = MakeChannel(server, Retries::kOff);
      if (!channel.ok()) return channel.status();
      client_ = std::make_unique<ExplainClient>(*std::move(channel), server.address, kTimeout);
    }
    const absl::StatusOr<std::string> health = client_->Health("");
    if (health.ok() && *health == "SERVING") return absl::OkStatus();
  }
  return absl::UnknownError(absl::StrCat("the private server did not serve within ", absl::FormatDuration(kLoadTime)));
}

absl::StatusOr<Explanation> PrivateServer::Explain(const v1::ExplainRequest& request) const {
  absl::StatusOr<Explanation> explanation = client_->Explain(request);
  if (interruption_.has_come()) return absl::CancelledError("interrupted");
  return explanation;
}

}  // namespace limpid::client
