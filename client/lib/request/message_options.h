#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

#include "absl/strings/string_view.h"

// The fields of a message of the contract as options that a person types, whatever message it is.
namespace limpid::client {

// What may be typed, e.g. "reduction=l2|l1|mean_abs|sum, samples=NUMBER, send_refinements"; empty without fields.
std::string DescribeOptions(const google::protobuf::Descriptor& message);

// Sets "name=value", or a value alone where it tells its field: a name of an enum's value (without the enum's prefix),
// or the name of a yes-or-no field. Names may be shortened as long as one field fits; fields of messages within count
// as the message's own. A field that may repeat is added to. False if nothing fits or the value is none for its field.
bool SetOption(absl::string_view option, google::protobuf::Message* message);

// A value of an enum as it is typed, "mean_abs" of REDUCTION_MEAN_ABS; its number if the contract of this client lacks
// it.
std::string TypedValue(const google::protobuf::EnumDescriptor& type, int number);

// "@attach_point": false if the message has no attach point, or there is none of this name.
bool SetAttachPoint(absl::string_view point, google::protobuf::Message* message);

}  // namespace limpid::client
