#include "lib/render/bars.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr double kMostPlaces = 8;

size_t Halves(double share, size_t columns) {
  const double size = std::min(std::abs(share), 1.0);
  if (!(size > 0)) return 0;
  return std::max<size_t>(1, static_cast<size_t>(std::lround(size * 2 * static_cast<double>(columns))));
}

std::string Repeated(const char* piece, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += piece;
  return all;
}

}  // namespace

std::string Bar(double share, size_t columns) {
  const size_t halves = Halves(share, columns);
  return Repeated("█", halves / 2) + (halves % 2 == 1 ? "▌" : "");
}

std::string TwoSidedBar(double share, size_t columns) {
  if (share >= 0) return std::string(columns, ' ') + "│" + PaddedRight(Bar(share, columns), columns);
  const size_t halves = Halves(share, columns);
  const std::string bar = (halves % 2 == 1 ? "▐" : "") + Repeated("█", halves / 2);
  return std::string(columns - (halves + 1) / 2, ' ') + bar + "│" + std::string(columns, ' ');
}

std::string ScoreText(double score, double largest, bool is_signed) {
  if (score == 0) return "0";
  const double places = largest > 0 ? 3 - std::floor(std::log10(largest)) : 0;
  if (places > kMostPlaces) return is_signed ? absl::StrFormat("%+.3e", score) : absl::StrFormat("%.3e", score);
  const int shown = static_cast<int>(std::max(places, 0.0));
  return is_signed ? absl::StrFormat("%+.*f", shown, score) : absl::StrFormat("%.*f", shown, score);
}

std::string Percent(double share) {
  if (share > 0.9995 && share < 1) return ">99.9 %";
  if (share > 0 && share < 0.0005) return "<0.1 %";
  return absl::StrFormat("%.1f %%", 100 * share);
}

}  // namespace limpid::client
