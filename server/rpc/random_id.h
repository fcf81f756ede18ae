#pragma once

#include <string>

namespace limpid::rpc {

// 16 random hex digits, to tell things apart; not secret. Thread-safe.
std::string RandomId();

}  // namespace limpid::rpc
