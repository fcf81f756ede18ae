#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <regex>
#include <sstream>
#include <string>

#include "telemetry/metrics_endpoint.h"
#include "telemetry/process_collector.h"

namespace limpid::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Text(const prometheus::Collectable& source) {
  return prometheus::TextSerializer().Serialize(source.Collect());
}

TEST(Metrics, RpcOutcomesAppearByCodeOnceTheyHappen) {
  Metrics metrics("1.2.3");
  RpcMetrics* explain = metrics.AddRpc("Explain");

  explain->started->Increment();
  explain->Finished(absl::StatusCode::kOk, absl::Milliseconds(120));
  explain->Finished(absl::StatusCode::kOk, absl::Milliseconds(140));

  const std::string text = Text(*metrics.registry());
  EXPECT_THAT(text, HasSubstr("limpid_grpc_requests_started_total{rpc=\"Explain\"} 1"));
  EXPECT_TRUE(std::regex_search(text, std::regex(R"(limpid_grpc_requests_total\{.*code="OK".*\} 2)"))) << text;
  EXPECT_TRUE(std::regex_search(text, std::regex(R"(request_duration_seconds_bucket\{.*le="0.13"\} 1)"))) << text;
  EXPECT_THAT(text, Not(HasSubstr("INTERNAL")));
}

TEST(Metrics, ModelSeriesCarryNameHashAndMethods) {
  Metrics metrics("1.2.3");

  ModelMetrics* model = metrics.AddModel("m", {"saliency"});
  metrics.ShowModel({"m", "abc", absl::Seconds(2)});
  model->explanations.find("saliency")->second.full->Increment();

  const std::string text = Text(*metrics.registry());
  EXPECT_TRUE(std::regex_search(text, std::regex(R"(limpid_model_info\{.*weights_sha="abc".*\} 1)"))) << text;
  EXPECT_TRUE(std::regex_search(text, std::regex(R"(limpid_explanations_total\{.*outcome="full".*\} 1)"))) << text;
  EXPECT_THAT(text, HasSubstr("limpid_model_load_seconds{model=\"m\"} 2"));
  EXPECT_THAT(text, HasSubstr("limpid_model_loaded{model=\"m\"} 1"));
}

TEST(Metrics, AModelThatIsLoadedAnewKeepsItsSeriesAndShowsItsNewWeightsOnly) {
  Metrics metrics("1.2.3");
  ModelMetrics* model = metrics.AddModel("m", {"saliency"});
  metrics.ShowModel({"m", "old", absl::Seconds(2)});

  EXPECT_EQ(metrics.AddModel("m", {"saliency"}), model);
  metrics.ShowModel({"m", "new", absl::Seconds(1)});

  const std::string text = Text(*metrics.registry());
  EXPECT_THAT(text, HasSubstr("weights_sha=\"new\""));
  EXPECT_THAT(text, Not(HasSubstr("weights_sha=\"old\"")));
}

TEST(Metrics, AModelThatIsUnloadedShowsZeroAndNoWeights) {
  Metrics metrics("1.2.3");
  metrics.AddModel("m", {});
  metrics.ShowModel({"m", "abc", absl::Seconds(2)});

  metrics.HideModel("m");

  const std::string text = Text(*metrics.registry());
  EXPECT_THAT(text, HasSubstr("limpid_model_loaded{model=\"m\"} 0"));
  EXPECT_THAT(text, Not(HasSubstr("weights_sha")));
}

TEST(ProcessCollector, SeesThisProcess) {
  const std::vector<prometheus::MetricFamily> families = ProcessCollector().Collect();

  ASSERT_EQ(families.size(), 6u);
  for (const auto& family : families) {
    const auto& metric = family.metric.at(0);
    EXPECT_GE(metric.counter.value + metric.gauge.value, family.name == "process_cpu_seconds_total" ? 0 : 1)
        << family.name;
  }
}

std::string Get(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer(1 << 16, 0);
  size_t size = 0;
  for (ssize_t n; (n = read(fd, answer.data() + size, answer.size() - size)) > 0;) size += static_cast<size_t>(n);
  close(fd);
  return answer.substr(0, size);
}

TEST(MetricsEndpoint, ServesOverHttpAndRefusesATakenPort) {
  Metrics metrics("1.2.3");
  auto endpoint = MetricsEndpoint::Start("127.0.0.1:0", {metrics.registry(), std::make_shared<ProcessCollector>()});
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();

  const std::string answer = Get((*endpoint)->port());
  const auto second = MetricsEndpoint::Start("127.0.0.1:" + std::to_string((*endpoint)->port()), {metrics.registry()});

  EXPECT_THAT(answer, HasSubstr("limpid_build_info{version=\"1.2.3\"} 1"));
  EXPECT_THAT(answer, HasSubstr("process_resident_memory_bytes"));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace limpid::telemetry
