#include "rpc/open_inference/input_tensors.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "rpc/open_inference/wrong.h"
#include "text/utf8.h"

namespace limpid::rpc {
namespace {

using InputTensor = inference::ModelInferRequest::InferInputTensor;

absl::Status CheckDescription(const InputTensor& tensor, size_t max_texts) {
  const std::string& name = tensor.name();
  if (tensor.datatype() != "BYTES") {
    return Wrong(name, absl::StrCat("has datatype \"", tensor.datatype(), "\", must be BYTES"));
  }
  const auto most = static_cast<int64_t>(max_texts);
  if (tensor.shape_size() != 1 || tensor.shape(0) < 1 || tensor.shape(0) > most) {
    return Wrong(
        name, absl::StrCat("has shape [", absl::StrJoin(tensor.shape(), ", "), "], must be [n], n from 1 to ", most));
  }
  if (tensor.parameters().empty()) return absl::OkStatus();
  return Wrong(name,
               absl::StrCat("has parameter \"", tensor.parameters().begin()->first, "\", which is not supported"));
}

absl::StatusOr<std::vector<std::string>> ReadRaw(const std::string& name, std::string_view raw, size_t count) {
  std::vector<std::string> values;
  while (values.size() < count) {
    uint32_t length = 0;
    if (raw.size() >= sizeof(length)) std::memcpy(&length, raw.data(), sizeof(length));
    if (raw.size() < sizeof(length) || raw.size() - sizeof(length) < length) {
      return Wrong(name, absl::StrCat("its raw contents end within element ", values.size(), " of ", count));
    }
    values.emplace_back(raw.substr(sizeof(length), length));
    raw.remove_prefix(sizeof(length) + length);
  }
  if (raw.empty()) return values;
  return Wrong(name, absl::StrCat("its raw contents have ", raw.size(), " bytes more than ", count, " elements"));
}

absl::StatusOr<std::vector<std::string>> ReadTyped(const InputTensor& tensor, size_t count) {
  const auto& bytes = tensor.contents().bytes_contents();
  if (static_cast<size_t>(bytes.size()) == count) return std::vector<std::string>(bytes.begin(), bytes.end());
  return Wrong(tensor.name(),
               absl::StrCat("contents.bytes_contents has ", bytes.size(), " elements for shape [", count, "]"));
}

absl::Status CheckUtf8(const std::string& name, const std::vector<std::string>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const std::optional<size_t> at = text::FindInvalidUtf8(values[i]);
    if (at.has_value()) return Wrong(absl::StrCat(name, "[", i, "]"), absl::StrCat("not valid UTF-8 at byte ", *at));
  }
  return absl::OkStatus();
}

absl::Status CheckContents(const inference::ModelInferRequest& request) {
  const int num_raw = request.raw_input_contents_size();
  if (num_raw == 0) return absl::OkStatus();
  if (num_raw != request.inputs_size()) {
    return Wrong("raw_input_contents",
                 absl::StrCat("has ", num_raw, " entries for ", request.inputs_size(), " inputs"));
  }
  for (const InputTensor& tensor : request.inputs()) {
    if (tensor.has_contents()) return Wrong(tensor.name(), "has contents beside the request's raw_input_contents");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadTensor(const inference::ModelInferRequest& request, int index,
                                                    size_t max_texts) {
  const InputTensor& tensor = request.inputs(index);
  ABSL_RETURN_IF_ERROR(CheckDescription(tensor, max_texts));
  const auto count = static_cast<size_t>(tensor.shape(0));
  absl::StatusOr<std::vector<std::string>> values =
      request.raw_input_contents().empty() ? ReadTyped(tensor, count)
                                           : ReadRaw(tensor.name(), request.raw_input_contents(index), count);
  if (values.ok()) ABSL_RETURN_IF_ERROR(CheckUtf8(tensor.name(), *values));
  return values;
}

}  // namespace

absl::StatusOr<InputTexts> ReadInputTexts(const inference::ModelInferRequest& request, size_t max_texts) {
  ABSL_RETURN_IF_ERROR(CheckContents(request));
  InputTexts inputs;
  for (int i = 0; i < request.inputs_size(); ++i) {
    const std::string& name = request.inputs(i).name();
    if (name != "text" && name != "text_pair") {
      return Wrong("inputs", absl::StrCat("\"", name, "\" is none of this model's, which are text and text_pair"));
    }
    std::vector<std::string>& values = name == "text" ? inputs.texts : inputs.pairs;
    if (!values.empty()) return Wrong("inputs", absl::StrCat(name, " is there twice"));
    ABSL_ASSIGN_OR_RETURN(values, ReadTensor(request, i, max_texts));
  }
  if (inputs.texts.empty()) return Wrong("inputs", "text is missing");
  if (inputs.pairs.empty() || inputs.pairs.size() == inputs.texts.size()) return inputs;
  return Wrong("text_pair", absl::StrCat("has ", inputs.pairs.size(), " elements, text has ", inputs.texts.size()));
}

}  // namespace limpid::rpc
