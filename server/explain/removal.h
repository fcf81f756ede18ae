#pragma once

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"
#include "explain/request.h"

namespace limpid::explain {

// Taking tokens out of an input: what stands in their place.
class Removal {
 public:
  // kDefault becomes kMask where the vocabulary has it, else kAttention.
  Removal(Replacement replacement, const MethodInput& input);

  // INVALID_ARGUMENT if the vocabulary has no such token; `field` is the option's name.
  absl::Status Check(const char* field) const;

  // Whether a row can be made: some token must be left where they are deleted or hidden.
  bool IsPossible(const std::vector<bool>& is_removed) const;

  // `row` without the tokens that are marked ([T]); one of the input's length with no removal in it yet.
  engine::Row Without(const std::vector<bool>& is_removed, engine::Row row) const;

  Replacement replacement() const { return replacement_; }

 private:
  Replacement replacement_;
  int32_t stand_in_ = -1;
};

// Units that can be taken out: all but special tokens.
std::vector<Unit> RemovableUnits(const MethodInput& input, Granularity granularity);

// [T]: marks the tokens of the units.
std::vector<bool> TokensOf(std::span<const Unit> units, size_t num_tokens);

}  // namespace limpid::explain
