#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/explain_client.h"
#include "lib/sanity/interruption.h"

namespace limpid::client {

// The limpid-server to start: `given`, if it is not empty, else the one beside this program, else the one on PATH.
// INVALID_ARGUMENT names what there is not.
absl::StatusOr<std::string> FindServerBinary(const std::string& given);

// A limpid-server of one model on a free port of this machine. It is killed when this object goes, and by the kernel if
// the thread that started it ends without that.
class PrivateServer {
 public:
  // Returns once the model in `model_folder` is served; its name is "model". Puts the address and what the server says
  // into files of `scratch_folder`. Of the environment's LIMPID_ settings the server gets those that are about the
  // machine. `interruption` must outlive the server. UNKNOWN with what the server said if it ends instead of serving;
  // CANCELLED after an interruption.
  static absl::StatusOr<std::unique_ptr<PrivateServer>> Start(const std::string& binary,
                                                              const std::filesystem::path& model_folder,
                                                              const std::filesystem::path& scratch_folder,
                                                              Interruption* interruption);
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  // What the server says of the model.
  absl::StatusOr<v1::Model> Model() const { return client_->GetModel(""); }
  // CANCELLED after an interruption, else as ExplainClient has it.
  absl::StatusOr<Explanation> Explain(const v1::ExplainRequest& request) const;

 private:
  PrivateServer(pid_t pid, Interruption* interruption) : pid_(pid), interruption_(*interruption) {}

  // OK while it runs.
  absl::Status CheckRuns(const std::filesystem::path& log);
  absl::Status WaitUntilServing(const std::filesystem::path& address_file, const std::filesystem::path& log);

  const pid_t pid_;
  Interruption& interruption_;
  std::unique_ptr<ExplainClient> client_;  // once the address is known
};

}  // namespace limpid::client
