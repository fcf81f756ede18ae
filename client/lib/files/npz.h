#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "lib/files/explanation_arrays.h"

namespace limpid::client {

// Writes `arrays` as numpy's .npz: a zip archive of stored .npy files, which numpy.load opens. Gives the file's size.
// Texts become arrays of Unicode strings. OUT_OF_RANGE when an array or the whole would exceed the 4 GiB of this form
// of zip.
absl::StatusOr<uint64_t> WriteNpz(const ExplanationArrays& arrays, const std::string& path);

}  // namespace limpid::client
