#include "base/stop_listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace limpid::base {
namespace {

// Accepts on a free port and looks whether to end only when somebody has come.
class Listener {
 public:
  Listener() {
    sockaddr_in address = {.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_ANY)}, .sin_zero = {}};
    socklen_t size = sizeof(address);
    bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    listen(socket_, 1);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      while (!is_stopping_) close(accept(socket_, nullptr, nullptr));
      close(socket_);
    });
  }

  int port() const { return port_; }
  void Stop() {
    is_stopping_ = true;
    thread_.join();
  }

 private:
  const int socket_ = socket(AF_INET, SOCK_STREAM, 0);
  int port_ = 0;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

TEST(StopListener, EndsOneThatWaitsForSomebodyToCome) {
  for (const char* host : {"127.0.0.1", "localhost", "0.0.0.0", "[127.0.0.1]"}) {
    Listener listener;
    StopListener(host, listener.port(), [&] { listener.Stop(); });
  }
}

TEST(StopListener, StopsWhatCannotBeReached) {
  int num_stops = 0;
  StopListener("127.0.0.1", 1, [&] { ++num_stops; });
  EXPECT_EQ(num_stops, 1);
}

}  // namespace
}  // namespace limpid::base
