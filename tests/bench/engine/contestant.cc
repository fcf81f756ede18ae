// The engine as a contestant of `make bench`: stays alive between its turns. Commands come as lines on standard input,
// each is answered by one line of JSON on standard output:
//
//   texts FILE    from now on these texts, [[token id, ...], ...]; {"tokens", "flops": of explaining all of them}
//   explain       runs all of them, in the server's batches; {"seconds"}
//   answer I      text I's explanation; {"saliency": [T], "attention": [layers][heads * T * T]}
//   peak          the machine's fp32 matrix product; {"flops_per_second"}
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/engine/gemm_peak.h"
#include "bench/engine/passes.h"
#include "schedule/scheduler.h"

namespace limpid::bench {
namespace {

using Json = nlohmann::json;

class Contestant {
 public:
  Contestant(const std::string& model_folder, int num_threads)
      : engine_(LoadOrExit(model_folder, num_threads)), num_threads_(num_threads) {}

  Json Answer(const std::string& command, const std::string& argument) {
    if (command == "texts") return Read(argument);
    if (command == "explain") return Explain();
    if (command == "answer") return Explanation(rows_.at(std::stoul(argument)));
    if (command == "peak") return {{"flops_per_second", MeasureGemmPeak(num_threads_)}};
    return {{"error", "unknown command " + command}};
  }

 private:
  Json Read(const std::string& path) {
    std::ifstream file(path);
    rows_ = ExplanationRows(engine_->card(), Json::parse(file).get<std::vector<std::vector<int32_t>>>());
    const Work work = WorkOf(*engine_, rows_);
    return {{"tokens", work.tokens}, {"flops", work.flops}};
  }

  Json Explain() {
    const auto start = std::chrono::steady_clock::now();
    RunInBatches(engine_.get(), rows_, schedule::SchedulerOptions().max_batch_tokens);
    return {{"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()}};
  }

  Json Explanation(const engine::Row& row) {
    const engine::Row* const rows[] = {&row};
    const engine::RowResult result = engine_->Run(rows, nullptr).value().front();
    const auto& gradient = result.gradients[static_cast<size_t>(engine::AttachPoint::kWordEmbedding)];
    const auto width = static_cast<size_t>(gradient.shape[1]);
    Json saliency = Json::array(), attention = Json::array();
    for (size_t begin = 0; begin < gradient.values.size(); begin += width) {
      double square = 0;
      for (const float value : gradient.values.subspan(begin, width)) square += double{value} * value;
      saliency.push_back(std::sqrt(square));
    }
    for (const engine::HostTensor& maps : result.attention) {
      attention.push_back(std::vector<float>(maps.values.begin(), maps.values.end()));
    }
    return {{"saliency", saliency}, {"attention", attention}};
  }

  const std::unique_ptr<engine::Engine> engine_;
  const int num_threads_;
  std::vector<engine::Row> rows_;
};

int Main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: limpid_engine_contestant MODEL_FOLDER THREADS\n";
    return 2;
  }
  Contestant contestant(argv[1], std::atoi(argv[2]));
  std::string line;
  while (std::getline(std::cin, line)) {
    const size_t space = line.find(' ');
    const std::string argument = space == std::string::npos ? "" : line.substr(space + 1);
    std::cout << contestant.Answer(line.substr(0, space), argument) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace limpid::bench

int main(int argc, char** argv) { return limpid::bench::Main(argc, argv); }
