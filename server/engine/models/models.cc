#include "engine/models/models.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace limpid::engine {
namespace {

struct Entry {
  const char* name;  // as in config.json `architectures`
  absl::StatusOr<Architecture> (*describe)(const std::string& name, const ConfigJson& config);
};

constexpr Entry kModels[] = {
    {"BertModel", DescribeBert},
    {"BertForSequenceClassification", DescribeBert},
    {"BertForTokenClassification", DescribeBert},
    {"BertForQuestionAnswering", DescribeBert},
    {"BertForMaskedLM", DescribeBert},
    {"RobertaModel", DescribeRoberta},
    {"RobertaForSequenceClassification", DescribeRoberta},
    {"RobertaForTokenClassification", DescribeRoberta},
    {"RobertaForQuestionAnswering", DescribeRoberta},
    {"RobertaForMaskedLM", DescribeRoberta},
    {"XLMRobertaModel", DescribeRoberta},
    {"XLMRobertaForSequenceClassification", DescribeRoberta},
    {"XLMRobertaForTokenClassification", DescribeRoberta},
    {"XLMRobertaForQuestionAnswering", DescribeRoberta},
    {"XLMRobertaForMaskedLM", DescribeRoberta},
    {"CamembertModel", DescribeRoberta},
    {"CamembertForSequenceClassification", DescribeRoberta},
    {"CamembertForTokenClassification", DescribeRoberta},
    {"CamembertForQuestionAnswering", DescribeRoberta},
    {"CamembertForMaskedLM", DescribeRoberta},
    {"DistilBertModel", DescribeDistilBert},
    {"DistilBertForSequenceClassification", DescribeDistilBert},
    {"DistilBertForTokenClassification", DescribeDistilBert},
    {"DistilBertForQuestionAnswering", DescribeDistilBert},
    {"DistilBertForMaskedLM", DescribeDistilBert},
    {"ElectraModel", DescribeElectra},
    {"ElectraForSequenceClassification", DescribeElectra},
    {"ElectraForTokenClassification", DescribeElectra},
    {"ElectraForQuestionAnswering", DescribeElectra},
    {"ElectraForMaskedLM", DescribeElectra},
    {"AlbertModel", DescribeAlbert},
    {"AlbertForSequenceClassification", DescribeAlbert},
    {"AlbertForTokenClassification", DescribeAlbert},
    {"AlbertForQuestionAnswering", DescribeAlbert},
    {"AlbertForMaskedLM", DescribeAlbert},
    {"MPNetModel", DescribeMpnet},
    {"MPNetForSequenceClassification", DescribeMpnet},
    {"MPNetForTokenClassification", DescribeMpnet},
    {"MPNetForQuestionAnswering", DescribeMpnet},
    {"MPNetForMaskedLM", DescribeMpnet},
    {"ModernBertModel", DescribeModernBert},
    {"ModernBertForSequenceClassification", DescribeModernBert},
    {"ModernBertForTokenClassification", DescribeModernBert},
    {"ModernBertForQuestionAnswering", DescribeModernBert},
    {"ModernBertForMaskedLM", DescribeModernBert},
    {"DebertaV2Model", DescribeDeberta},
    {"DebertaV2ForSequenceClassification", DescribeDeberta},
    {"DebertaV2ForTokenClassification", DescribeDeberta},
    {"DebertaV2ForQuestionAnswering", DescribeDeberta},
    {"DebertaV2ForMaskedLM", DescribeDeberta},
    {"GPT2Model", DescribeGpt2},
    {"GPT2LMHeadModel", DescribeGpt2},
    {"GPT2ForSequenceClassification", DescribeGpt2},
    {"GPT2ForTokenClassification", DescribeGpt2},
    {"GPT2ForQuestionAnswering", DescribeGpt2},
    {"GPTNeoModel", DescribeGptNeo},
    {"GPTNeoForCausalLM", DescribeGptNeo},
    {"GPTNeoForSequenceClassification", DescribeGptNeo},
    {"GPTNeoForTokenClassification", DescribeGptNeo},
    {"GPTNeoForQuestionAnswering", DescribeGptNeo},
    {"OPTModel", DescribeOpt},
    {"OPTForCausalLM", DescribeOpt},
    {"OPTForSequenceClassification", DescribeOpt},
    {"OPTForQuestionAnswering", DescribeOpt},
    {"LlamaModel", DescribeLlama},
    {"LlamaForCausalLM", DescribeLlama},
    {"LlamaForSequenceClassification", DescribeLlama},
    {"LlamaForTokenClassification", DescribeLlama},
    {"LlamaForQuestionAnswering", DescribeLlama},
    {"MistralModel", DescribeMistral},
    {"MistralForCausalLM", DescribeMistral},
    {"MistralForSequenceClassification", DescribeMistral},
    {"MistralForTokenClassification", DescribeMistral},
    {"MistralForQuestionAnswering", DescribeMistral},
    {"Qwen2Model", DescribeQwen2},
    {"Qwen2ForCausalLM", DescribeQwen2},
    {"Qwen2ForSequenceClassification", DescribeQwen2},
    {"Qwen2ForTokenClassification", DescribeQwen2},
    {"Qwen2ForQuestionAnswering", DescribeQwen2},
    {"Qwen3Model", DescribeQwen3},
    {"Qwen3ForCausalLM", DescribeQwen3},
    {"Qwen3ForSequenceClassification", DescribeQwen3},
    {"Qwen3ForTokenClassification", DescribeQwen3},
    {"Qwen3ForQuestionAnswering", DescribeQwen3},
};

}  // namespace

absl::StatusOr<Architecture> DescribeModel(const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(const auto architectures, config.Strings("architectures"));
  if (architectures.empty()) return config.Error("architectures", "is missing or empty");
  for (const Entry& entry : kModels) {
    if (entry.name == architectures[0]) return entry.describe(entry.name, config);
  }
  const auto name = [](std::string* out, const Entry& entry) { out->append(entry.name); };
  return absl::UnimplementedError(absl::StrCat("architecture '", architectures[0], "' is not supported; supported are ",
                                               absl::StrJoin(kModels, ", ", name)));
}

}  // namespace limpid::engine
