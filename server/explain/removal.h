#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"
#include "explain/request.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// What stands in a token's place: an id, or Baseline::kZero or kMean.
struct StandIn {
  int32_t id = 0;
  const char* name = "";  // as in the contract: "PAD"
};

// Of kMask, kPad, kUnknown, kZero and kMean. INVALID_ARGUMENT if the vocabulary has no such token; `field` is the
// option's name.
absl::StatusOr<StandIn> FindStandIn(Replacement replacement, const text::StandIns& stand_ins, const std::string& field);

// Taking tokens out of an input: what stands in their place.
class Removal {
 public:
  // kDefault becomes kMask where the vocabulary has it, else kAttention.
  Removal(Replacement replacement, const MethodInput& input);

  // What FindStandIn says, if a token or vector is needed.
  absl::Status Check(const std::string& field) const;

  // Whether a row can be made: some token must be left where they are deleted or hidden.
  bool IsPossible(const std::vector<bool>& is_removed) const;

  // `row` without the tokens that are marked ([T]), Check having passed; one of the input's length with no removal in
  // it yet.
  engine::Row Without(const std::vector<bool>& is_removed, engine::Row row) const;

  // `row`, as above, with the marked ones ([units]) of the units left alone.
  engine::Row Only(std::span<const Unit> units, const std::vector<bool>& is_kept, engine::Row row) const;

  Replacement replacement() const { return replacement_; }

 private:
  bool NeedsStandIn() const;

  Replacement replacement_;
  text::StandIns stand_ins_;
};

// Units that can be taken out: all but special tokens.
std::vector<Unit> RemovableUnits(const MethodInput& input, Granularity granularity);

// [T]: marks the tokens of the units.
std::vector<bool> TokensOf(std::span<const Unit> units, size_t num_tokens);

}  // namespace limpid::explain
