#include "lib/load/rates.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace limpid::client {
namespace {

constexpr double kMaxRate = 1e6;
constexpr double kMaxSteps = 1000;

bool ParseNumbers(const std::string& text, char separator, std::vector<double>* numbers) {
  for (absl::string_view part : absl::StrSplit(text, separator)) {
    double number = 0;
    if (!absl::SimpleAtod(part, &number) || !(number > 0) || number > kMaxRate) return false;
    numbers->push_back(number);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<double>> ParseRates(const std::string& option, const std::string& text) {
  if (text.empty()) return std::vector<double>();
  const bool is_ramp = text.find(':') != std::string::npos;
  std::vector<double> numbers;
  bool is_valid = ParseNumbers(text, is_ramp ? ':' : ',', &numbers);
  if (is_ramp && is_valid) {
    is_valid =
        numbers.size() == 3 && numbers[2] >= 2 && numbers[2] <= kMaxSteps && numbers[2] == std::floor(numbers[2]);
  }
  if (!is_valid) {
    return absl::InvalidArgumentError(absl::StrCat(
        option, " ", text, ": neither numbers above 0, e.g. 50,100,200, nor FROM:TO:STEPS, e.g. 50:400:8"));
  }
  if (!is_ramp) return numbers;
  std::vector<double> ramp;
  for (double step = 0; step < numbers[2]; ++step) {
    ramp.push_back(numbers[0] + (numbers[1] - numbers[0]) * step / (numbers[2] - 1));
  }
  return ramp;
}

}  // namespace limpid::client
