#include "playground/playground.h"

#include <civetweb.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stop_listener.h"
#include "playground/files.h"
#include "playground/relay.h"
#include "playground/request_check.h"
#include "playground/translation.h"

namespace limpid::playground {
namespace {

// A request is a text and its options; gRPC has the same limit.
constexpr long long kMaxBodyBytes = 1 << 20;
// Threads beyond the answers' are left for the page itself. Further connections wait.
constexpr int kMaxAnswers = 8;
constexpr char kThreads[] = "16";
// That a reader or writer may do nothing while something is due.
constexpr char kTimeoutMs[] = "10000";

// Nothing but what we serve is loaded or run, wherever it comes from, and no other site frames the page.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

struct File {
  std::string_view path, type, text;
};
const std::array<File, 3>& Files() {
  static const std::array<File, 3> files = {File{"/", "text/html; charset=utf-8", kPage},
                                            File{"/page.css", "text/css; charset=utf-8", kStyle},
                                            File{"/page.js", "text/javascript; charset=utf-8", kScript}};
  return files;
}

std::string Header(const mg_connection* connection, const char* name) {
  const char* text = mg_get_header(connection, name);
  return text == nullptr ? "" : text;
}

RequestHead HeadOf(const mg_connection* connection) {
  const mg_request_info* info = mg_get_request_info(connection);
  return {.method = info->request_method,
          .host = Header(connection, "Host"),
          .origin = Header(connection, "Origin"),
          .content_type = Header(connection, "Content-Type"),
          .authorization = Header(connection, "Authorization"),
          .content_length = info->content_length};
}

// `length`: of the body, or nothing for one that comes in chunks.
void SendHead(mg_connection* connection, int http_status, std::string_view type, std::optional<size_t> length) {
  mg_response_header_start(connection, http_status);
  const auto add = [&](const char* name, std::string_view value) {
    mg_response_header_add(connection, name, value.data(), static_cast<int>(value.size()));
  };
  add("Content-Type", type);
  if (length.has_value()) {
    add("Content-Length", absl::StrCat(*length));
  } else {
    add("Transfer-Encoding", "chunked");
  }
  add("Content-Security-Policy", kPolicy);
  add("Cross-Origin-Resource-Policy", "same-origin");
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  add("Cache-Control", "no-store");
  mg_response_header_send(connection);
}

int Send(mg_connection* connection, int http_status, std::string_view type, std::string_view text) {
  SendHead(connection, http_status, type, text.size());
  mg_write(connection, text.data(), text.size());
  return http_status;
}

int Refuse(mg_connection* connection, const Refusal& refusal) {
  return Send(connection, refusal.http_status, "text/plain; charset=utf-8", refusal.reason + "\n");
}

// Shorter than it was announced if the sender went.
std::string ReadBody(mg_connection* connection, long long length) {
  std::string body(static_cast<size_t>(length), '\0');
  size_t size = 0;
  while (size < body.size()) {
    const int count = mg_read(connection, body.data() + size, body.size() - size);
    if (count <= 0) break;
    size += static_cast<size_t>(count);
  }
  body.resize(size);
  return body;
}

}  // namespace

struct Playground::State {
  static int OnRequest(mg_connection* connection) {
    return static_cast<State*>(mg_get_request_info(connection)->user_data)->Answer(connection);
  }
  static int OnMessage(const mg_connection* connection, const char* message) {
    const auto* state = static_cast<State*>(mg_get_user_data(mg_get_context(connection)));
    if (state != nullptr) state->log->Write(telemetry::LogLevel::kDebug, "playground", {{"error", message}});
    return 1;
  }

  int Answer(mg_connection* connection);
  int AnswerByService(mg_connection* connection, std::string_view path, const RequestHead& head);
  // By `ask`, which makes a call of a Relay. Refuses what is one too many.
  int Stream(mg_connection* connection, const RequestHead& head, const std::function<void(Relay*)>& ask);
  // Asks with the request that the body has.
  template <typename Request>
  int Stream(mg_connection* connection, const RequestHead& head, void (Relay::*ask)(const Request&));

  std::string own_host;
  Connect connect;
  telemetry::Log* log = nullptr;
  std::atomic<int> num_answers = 0;
  std::atomic<bool> is_stopping = false;
  mg_context* context = nullptr;
};

int Playground::State::Answer(mg_connection* connection) {
  const RequestHead head = HeadOf(connection);
  if (const std::optional<Refusal> refusal = FindRefusal(head, own_host, kMaxBodyBytes)) {
    return Refuse(connection, *refusal);
  }
  const char* uri = mg_get_request_info(connection)->local_uri;
  const std::string_view path = uri == nullptr ? "" : uri;
  const auto file = std::find_if(Files().begin(), Files().end(), [&](const File& f) { return f.path == path; });
  if (file != Files().end() && head.method == "GET") return Send(connection, 200, file->type, file->text);
  return AnswerByService(connection, path, head);
}

int Playground::State::AnswerByService(mg_connection* connection, std::string_view path, const RequestHead& head) {
  if (path == "/models" && head.method == "GET") return Stream(connection, head, [](Relay* r) { r->ListModels(); });
  if (path == "/explain" && head.method == "POST") return Stream(connection, head, &Relay::Explain);
  if (path == "/generate" && head.method == "POST") return Stream(connection, head, &Relay::Generate);
  return Refuse(connection, {404, "there is GET /, GET /models, POST /explain and POST /generate"});
}

template <typename Request>
int Playground::State::Stream(mg_connection* connection, const RequestHead& head, void (Relay::*ask)(const Request&)) {
  Request request;
  const absl::Status read = ReadJson(ReadBody(connection, head.content_length), &request);
  if (!read.ok()) return Refuse(connection, {400, std::string(read.message())});
  return Stream(connection, head, [&](Relay* relay) { (relay->*ask)(request); });
}

int Playground::State::Stream(mg_connection* connection, const RequestHead& head,
                              const std::function<void(Relay*)>& ask) {
  const int others = num_answers++;
  const std::shared_ptr<grpc::Channel> channel = others < kMaxAnswers ? connect() : nullptr;
  int http_status = 200;
  if (channel != nullptr) {
    SendHead(connection, http_status, "application/x-ndjson", std::nullopt);
    Relay relay(channel, head.authorization,
                {.write =
                     [&](std::string_view line) {
                       return mg_send_chunk(connection, line.data(), static_cast<unsigned>(line.size())) > 0;
                     },
                 .stops = [this] { return is_stopping.load(); }});
    ask(&relay);
    mg_send_chunk(connection, "", 0);
  } else {
    http_status =
        Refuse(connection,
               {503, others < kMaxAnswers ? "the server has no descriptors left"
                                          : absl::StrCat(kMaxAnswers, " answers are under way, which is the limit")});
  }
  --num_answers;
  return http_status;
}

Playground::Playground(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<Playground>> Playground::Start(const std::string& address, Connect connect,
                                                              telemetry::Log* log) {
  std::unique_ptr<Playground> playground(new Playground(std::make_unique<State>()));
  State& state = *playground->state_;
  state.own_host = HostWithoutPort(address);
  state.connect = std::move(connect);
  state.log = log;
  mg_callbacks callbacks = {};
  callbacks.begin_request = &State::OnRequest;
  callbacks.log_message = &State::OnMessage;
  const char* options[] = {"listening_ports",    address.c_str(), "num_threads", kThreads,
                           "request_timeout_ms", kTimeoutMs,      nullptr};
  state.context = mg_start(&callbacks, &state, options);
  if (state.context == nullptr) {
    return absl::UnavailableError(absl::StrCat("--playground: cannot listen on ", address,
                                               ": is the address one of this machine's, and the port free?"));
  }
  return playground;
}

Playground::~Playground() {
  state_->is_stopping = true;
  if (state_->context == nullptr) return;
  base::StopListener(state_->own_host, port(), [this] { mg_stop(state_->context); });
}

int Playground::port() const {
  mg_server_port port = {};
  mg_get_server_ports(state_->context, 1, &port);
  return port.port;
}

}  // namespace limpid::playground
