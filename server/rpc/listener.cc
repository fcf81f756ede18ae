#include "rpc/listener.h"

#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/create_channel_posix.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/impl/server_builder_option.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_posix.h"

namespace limpid::rpc {
namespace {

// A request is a text and its options.
constexpr int kMaxReceiveBytes = 1 << 20;
constexpr int kMaxMetadataBytes = 16 << 10;
// gRPC's own buffers; maps waiting for a slow reader are not among them.
constexpr size_t kTransportMemoryBytes = 256 << 20;
constexpr int kMaxStreamsPerConnection = 128;

// Reflection for one server or not. The library alone would give it to every server of a process that links it.
class ReflectionOption final : public grpc::ServerBuilderOption {
 public:
  explicit ReflectionOption(bool is_on) : is_on_(is_on) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    using Reflection = grpc::reflection::ProtoServerReflectionPlugin;
    std::erase_if(*plugins, [](const auto& plugin) { return dynamic_cast<Reflection*>(plugin.get()) != nullptr; });
    if (is_on_) plugins->push_back(std::make_unique<Reflection>());
  }

 private:
  const bool is_on_;
};

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

void LimitConnections(grpc::ServerBuilder* builder) {
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(absl::Seconds(60)));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(absl::Seconds(20)));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, Milliseconds(absl::Seconds(20)));
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  // Clients reconnect now and then, which spreads them over replicas that came later. New calls move at once; a long
  // ExplainMany stream may stay for the grace.
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(absl::Minutes(10)));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(absl::Hours(1)));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(absl::Minutes(15)));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(absl::Seconds(10)));
  // Two servers on one port would share its traffic in silence.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->SetResourceQuota(grpc::ResourceQuota("limpid").Resize(kTransportMemoryBytes));
  builder->SetMaxReceiveMessageSize(kMaxReceiveBytes);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(const ListenerOptions& options) {
  grpc::EnableDefaultHealthCheckService(true);
  std::unique_ptr<Listener> listener(new Listener);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(
      options.address, options.credentials ? options.credentials : grpc::InsecureServerCredentials(), &listener->port_);
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  if (options.services.empty()) builder.RegisterCallbackGenericService(&listener->unimplemented_);
  LimitConnections(&builder);
  builder.SetOption(std::make_unique<ReflectionOption>(options.reflection));
  listener->server_ = builder.BuildAndStart();
  if (listener->server_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.address,
                                               ": is the address one of this machine's, and the port free?"));
  }
  return listener;
}

// A pair of sockets and not gRPC's in-process transport, which crashes (1.51) when the server shuts down under its
// calls.
std::shared_ptr<grpc::Channel> Listener::Connect() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return nullptr;
  grpc::AddInsecureChannelFromFd(server_.get(), ends[0]);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomInsecureChannelFromFd("in-process", ends[1], arguments);
}

void Listener::Shutdown(absl::Time cancel_at) {
  // gRPC takes a time before 1970 for "never".
  server_->Shutdown(absl::ToChronoTime(std::max(cancel_at, absl::Now())));
}

}  // namespace limpid::rpc
