#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/models/architecture.h"
#include "engine/models/config_fields.h"
#include "engine/weights/config_json.h"

// What the configurations of all encoders have in common.
namespace limpid::engine {

// The numbers, the activation and, for a ...ForSequenceClassification, labels and task; no names of weights yet.
// Defaults are Transformers'. UNIMPLEMENTED, naming the field, for what no encoder here has.
absl::StatusOr<Architecture> ReadEncoder(const std::string& name, const ConfigJson& config,
                                         const FieldNames& fields = {});

// The head of a ...ForMaskedLM (Devlin et al. 2018): norm(f(dense(token))), then the table of word embeddings and a
// bias. Does nothing for another head.
void SetMaskedHead(Activation activation, const std::string& dense, const std::string& norm, const std::string& bias,
                   Architecture* a);

// The head of a ...ForTokenClassification or ...ForQuestionAnswering, where it is one product (Devlin et al. 2018).
// Does nothing for another head.
void SetTokenHead(Architecture* a);

// Names as BERT's modules have them, which RoBERTa's and ELECTRA's repeat under another prefix. Of the head only the
// classifier.
WeightNames BertNames(const std::string& prefix);

}  // namespace limpid::engine
