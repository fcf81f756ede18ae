#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "explain/method.h"
#include "explain/request.h"
#include "limpid/v1/explain.pb.h"

// All methods of the contract. Each is one file of this folder, which reads the options of its own message, plans its
// rows, folds their results and registers itself; nothing else has to know it.
namespace limpid::methods {

// From the options to a method that follows them. INVALID_ARGUMENT "option: is ..., must be ..." for those that no
// input could satisfy; what hangs on the input or the model is refused by Method::Check.
using Create = std::function<absl::StatusOr<std::unique_ptr<explain::Method>>(const v1::Method& options)>;

// The method whose options are the given field of v1::Method, under that field's name. A static object of its file.
class Registration {
 public:
  Registration(v1::Method::MethodCase field, Create create);
};

// INVALID_ARGUMENT naming the option, `field` being that of the method, or saying that no known method is set.
absl::StatusOr<explain::MethodSpec> ReadMethod(const v1::Method& method, const std::string& field);

// As in MethodCard::method, in the order of the contract.
std::vector<std::string> MethodNames();

}  // namespace limpid::methods
