#include <ATen/Context.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "engine/arena.h"
#include "engine/check.h"
#include "engine/engine.h"
#include "engine/kernels/cpu/elementwise.h"
#include "engine/kernels/cpu/parallel.h"
#include "engine/pass/backward.h"
#include "engine/pass/backward_rules.h"
#include "engine/pass/capture.h"
#include "engine/pass/cost.h"
#include "engine/pass/forward.h"
#include "engine/pass/head.h"
#include "engine/pass/model_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/past.h"
#include "engine/pass/shards.h"
#include "engine/pass/shared_inputs.h"
#include "engine/weights/model_folder.h"

namespace limpid::engine {
namespace {

// LibTorch throws; nothing above this file knows. Its what() carries a backtrace, which no caller should see.
absl::Status ToStatus(const c10::Error& error) { return absl::InternalError(error.what_without_backtrace()); }

ModelCard MakeCard(const Architecture& a, const ModelWeights& weights, std::string weights_sha256,
                   const at::Device& device) {
  ModelCard card;
  card.architecture = a.name;
  card.task = a.task;
  card.labels = a.labels;
  card.num_layers = a.num_hidden_layers;
  card.num_heads = a.num_attention_heads;
  card.hidden_size = a.hidden_size;
  card.vocab_size = a.vocab_size;
  card.type_vocab_size = a.type_vocab_size;
  card.max_tokens = a.max_tokens();
  card.num_parameters = weights.num_parameters;
  card.end_tokens = a.end_tokens;
  card.is_causal = a.is_causal;
  card.has_lrp = HasLrp();
  card.embedding_normalized = a.normalize_embedding;
  card.has_mean_pooling = a.head == Head::kNone && a.pooling == Pooling::kMean;
  card.weights_sha256 = std::move(weights_sha256);
  card.device = device.str();
  return card;
}

// Lets the threads of a pass speak one after the other.
class OneAtATime final : public PassObserver {
 public:
  explicit OneAtATime(PassObserver* observer) : observer_(observer) {}
  void OnPrediction(size_t row_index, const Prediction& prediction) override {
    const absl::MutexLock lock(&mutex_);
    if (observer_ != nullptr) observer_->OnPrediction(row_index, prediction);
  }
  void OnAttention(size_t row_index, size_t index, const HostTensor& maps) override {
    const absl::MutexLock lock(&mutex_);
    if (observer_ != nullptr) observer_->OnAttention(row_index, index, maps);
  }

 private:
  PassObserver* const observer_;
  absl::Mutex mutex_;
};

class TorchEngine : public Engine {
 public:
  TorchEngine(Architecture architecture, ModelWeights weights, ModelCard card, at::Device device, int num_threads)
      : architecture_(std::move(architecture)),
        weights_(std::move(weights)),
        card_(std::move(card)),
        device_(device),
        num_threads_(num_threads) {}

  const ModelCard& card() const override { return card_; }
  absl::Status Check(const Row& row) const override {
    ABSL_RETURN_IF_ERROR(CheckRow(card_, row));
    if (row.past == nullptr) return absl::OkStatus();
    const TorchPast& past = PastOf(row);
    if (static_cast<int64_t>(row.token_ids.size()) > past.capacity()) {
      return absl::InvalidArgumentError(
          absl::StrCat("past: there is room for ", past.capacity(), " tokens, not for ", row.token_ids.size()));
    }
    if (row.wanted.needs_backward() && !past.keeps_for_backward()) {
      return absl::InvalidArgumentError("past: it does not keep what a backward pass needs");
    }
    return absl::OkStatus();
  }
  PassCost Cost(size_t num_tokens, const Wanted& wanted) const override {
    const AttentionPath path = !device_.is_cpu()               ? AttentionPath::kPadded
                               : cpu::BestKernels() != nullptr ? AttentionPath::kTuned
                                                               : AttentionPath::kPortable;
    return CostOf(architecture_, num_tokens, wanted, path);
  }

  std::shared_ptr<Past> NewPast(size_t capacity, bool keeps_for_backward) override {
    return std::make_shared<TorchPast>(architecture_, static_cast<int64_t>(capacity), keeps_for_backward, device_);
  }
  uint64_t PastBytes(size_t capacity, bool keeps_for_backward) const override {
    return TorchPast::Bytes(architecture_, static_cast<int64_t>(capacity), keeps_for_backward);
  }

  absl::StatusOr<std::vector<RowResult>> Run(std::span<const Row* const> rows, PassObserver* observer) override {
    try {
      cpu::SetNumThreads(num_threads_);
      const c10::InferenceMode inference_mode;
      return RunBatch(rows, observer);
    } catch (const c10::OutOfMemoryError&) {
      return absl::ResourceExhaustedError("the device has no memory left for this batch");
    } catch (const std::bad_alloc&) {
      return absl::ResourceExhaustedError("no memory left for this batch");
    } catch (const c10::Error& error) {
      return ToStatus(error);
    }
  }

  // A row alone is one shard, which runs on this thread.
  absl::StatusOr<RowResult> RunReference(const Row& row) override {
    const cpu::PortableOnly portable_only;
    return Engine::RunReference(row);
  }

 private:
  absl::StatusOr<std::vector<RowResult>> RunBatch(std::span<const Row* const> rows, PassObserver* observer) {
    OneAtATime calls(observer);
    std::vector<RowResult> results(rows.size());
    for (const Wave& wave : PlanWaves(rows, device_.is_cpu() ? cpu::NumThreads() : 0)) {
      ABSL_RETURN_IF_ERROR(RunWave(rows, wave, &calls, &results));
    }
    return results;
  }

  absl::Status RunWave(std::span<const Row* const> rows, const Wave& wave, PassObserver* observer,
                       std::vector<RowResult>* results) const {
    if (wave.size() == 1) return RunShard(rows, wave[0], observer, results);
    std::vector<absl::Status> statuses(wave.size());
    cpu::ForItems(static_cast<int64_t>(wave.size()), [&](int64_t shard) {
      // Belongs to the thread: LibTorch does not carry it over.
      const c10::InferenceMode inference_mode;
      const auto index = static_cast<size_t>(shard);
      statuses[index] = RunShard(rows, wave[index], observer, results);
    });
    for (const absl::Status& status : statuses) ABSL_RETURN_IF_ERROR(status);
    return absl::OkStatus();
  }

  // The fused pass over the rows of one shard.
  absl::Status RunShard(std::span<const Row* const> rows, const std::vector<size_t>& shard, PassObserver* observer,
                        std::vector<RowResult>* results) const {
    std::vector<const Row*> shard_rows;
    for (size_t row : shard) shard_rows.push_back(rows[row]);
    if (GrowsSavedPast(*shard_rows.front())) return RunGrowing(*shard_rows.front(), shard.front(), observer, results);
    const PackedBatch batch = Pack(shard_rows, device_);
    const SharedInputs shared = ShareInputs(shard_rows);
    const PackedBatch inputs = shared.any() ? Pack(shared.inputs, device_) : batch;
    const std::vector<size_t> packed_inputs = PackedInputs(shared, inputs, batch);
    LayerTaps taps(architecture_, inputs);
    SavedActivations saved = Forward(architecture_, weights_, inputs, &taps, [&](size_t layer, const SavedLayer& kept) {
      for (size_t r = 0; r < batch.rows.size(); ++r) {
        const std::vector<int32_t>& wanted = batch.rows[r]->wanted.attention_layers;
        const auto at = std::lower_bound(wanted.begin(), wanted.end(), static_cast<int32_t>(layer));
        if (at == wanted.end() || *at != static_cast<int32_t>(layer)) continue;
        observer->OnAttention(shard[batch.row_indices[r]], static_cast<size_t>(at - wanted.begin()),
                              ToHost(kept.probs[packed_inputs[r]]));
      }
    });
    if (shared.any()) {
      saved = SpreadOverRows(inputs, std::move(saved), batch, packed_inputs);
      taps.SpreadOverRows(batch, packed_inputs);
    }
    SavedHead saved_head;
    std::vector<Prediction> predictions = HeadForward(architecture_, weights_, batch, saved, &saved_head);
    for (const Prediction& prediction : predictions) ABSL_RETURN_IF_ERROR(CheckFinite(prediction));
    for (size_t r = 0; r < predictions.size(); ++r) observer->OnPrediction(shard[batch.row_indices[r]], predictions[r]);

    Gradients gradients;
    if (batch.num_backward > 0) {
      at::Tensor grad = HeadVjp(architecture_, weights_, batch, predictions, saved_head, saved.last_hidden_state);
      gradients = Backward(architecture_, weights_, batch, saved, &taps, std::move(grad));
    }
    BringToHost(batch, &saved, &gradients);
    std::vector<RowResult> packed = Capture(batch, saved, taps, &gradients, std::move(predictions));
    for (size_t r = 0; r < packed.size(); ++r) {
      ABSL_RETURN_IF_ERROR(CheckFiniteGradients(packed[r]));
      (*results)[shard[batch.row_indices[r]]] = std::move(packed[r]);
    }
    return absl::OkStatus();
  }

  // A row whose past keeps what a backward pass needs, alone: the forward pass over its new tokens, the backward pass
  // over all of them.
  absl::Status RunGrowing(const Row& row, size_t index, PassObserver* observer, std::vector<RowResult>* results) const {
    const Row* const rows[] = {&row};
    PackedBatch added = Pack(rows, device_);
    added.keeps_activations = true;
    LayerTaps no_taps(architecture_, added);
    SavedActivations saved =
        Forward(architecture_, weights_, added, &no_taps, [](size_t /*layer*/, const SavedLayer& /*kept*/) {});
    SavedHead saved_head;
    std::vector<Prediction> predictions = HeadForward(architecture_, weights_, added, saved, &saved_head);
    ABSL_RETURN_IF_ERROR(CheckFinite(predictions.front()));
    observer->OnPrediction(index, predictions.front());
    saved = PastOf(row).Append(row.past_length, std::move(saved));

    const PackedBatch all = Pack(rows, device_, PackedTokens::kAll);
    LayerTaps taps(architecture_, all);
    Gradients gradients;
    if (all.num_backward > 0) {
      at::Tensor grad = HeadVjp(architecture_, weights_, all, predictions, saved_head, saved.last_hidden_state);
      gradients = Backward(architecture_, weights_, all, saved, &taps, std::move(grad));
    }
    std::vector<RowResult> captured = Capture(all, saved, taps, &gradients, std::move(predictions));
    ABSL_RETURN_IF_ERROR(CheckFiniteGradients(captured.front()));
    (*results)[index] = std::move(captured.front());
    return absl::OkStatus();
  }

  const Architecture architecture_;
  const ModelWeights weights_;
  const ModelCard card_;
  const at::Device device_;
  const int num_threads_;
};

// LibTorch's CUDA half registers itself when it is loaded, which must be before anything asks whether there is CUDA.
absl::Status LoadCuda() {
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("device: CUDA is not installed: ", dlerror()));
  }
  if (!at::hasCUDA()) return absl::FailedPreconditionError("device: this machine has no CUDA device");
  return absl::OkStatus();
}

absl::StatusOr<at::Device> ParseDevice(const std::string& name) {
  try {
    const at::Device device(name);
    if (device.is_cpu()) return device;
    if (device.is_cuda()) {
      ABSL_RETURN_IF_ERROR(LoadCuda());
      const at::Device chosen = device.has_index() ? device : at::Device(at::kCUDA, 0);
      const size_t num_devices = at::getNumGPUs();
      if (static_cast<size_t>(chosen.index()) < num_devices) return chosen;
      return absl::FailedPreconditionError(
          absl::StrCat("device: '", name, "' does not exist, this machine has ", num_devices));
    }
  } catch (const c10::Error&) {
    // Falls through: not a device's name.
  }
  return absl::InvalidArgumentError(absl::StrCat("device: '", name, "' is not cpu, cuda or cuda:N"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> LoadEngine(const std::string& model_folder, const EngineOptions& options) {
  ABSL_ASSIGN_OR_RETURN(const at::Device device, ParseDevice(options.device));
  ABSL_ASSIGN_OR_RETURN(ModelFolder folder,
                        OpenModelFolder(model_folder, options.map_weights ? FileAccess::kMap : FileAccess::kRead));
  if (device.is_cpu()) Arena::Install();
  try {
    const c10::InferenceMode inference_mode;
    cpu::SetNumThreads(1);  // the tensors are many and small
    // Takes longer than all the rest, on a thread of its own.
    std::future<std::string> sha256 =
        std::async(std::launch::async, [file = folder.weights] { return file->Sha256Hex(); });
    ABSL_ASSIGN_OR_RETURN(ModelWeights weights, LoadModelWeights(folder.architecture, folder.weights, device));
    ModelCard card = MakeCard(folder.architecture, weights, sha256.get(), device);
    return std::make_unique<TorchEngine>(std::move(folder.architecture), std::move(weights), std::move(card), device,
                                         options.num_threads);
  } catch (const c10::Error& error) {
    return ToStatus(error);
  }
}

}  // namespace limpid::engine
