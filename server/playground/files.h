#pragma once

#include <string_view>

namespace limpid::playground {

// What a browser loads: made of page/ and of the scripts and styles of client/report when the server is built.
extern const std::string_view kPage, kStyle, kScript;

}  // namespace limpid::playground
