#include "rpc/trace_context.h"

#include <gtest/gtest.h>

namespace limpid::rpc {
namespace {

// The example of the specification.
constexpr char kExample[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, GoesOnWithANewSpan) {
  const auto context = ParseTraceparent(kExample);

  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->parent_span_id, "00f067aa0ba902b7");
  EXPECT_EQ(context->span_id.size(), 16);
  EXPECT_NE(context->span_id, context->parent_span_id);
  EXPECT_EQ(FormatTraceparent(*context), "00-4bf92f3577b34da6a3ce929d0e0e4736-" + context->span_id + "-01");

  const auto again = ParseTraceparent(FormatTraceparent(*context));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->parent_span_id, context->span_id);
}

TEST(TraceContext, AChildHasItsParentsSpanAbove) {
  const TraceContext parent = *ParseTraceparent(kExample);

  const TraceContext child = ChildOf(parent);

  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_EQ(child.parent_span_id, parent.span_id);
  EXPECT_NE(child.span_id, parent.span_id);
  EXPECT_TRUE(child.is_sampled);
}

TEST(TraceContext, OnlyTheSampledFlagIsPassedOn) {
  const std::string ids = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-";
  for (const auto& [flags, ours] : {std::pair{"00", "-00"}, {"01", "-01"}, {"fe", "-00"}, {"ff", "-01"}}) {
    const std::string formatted = FormatTraceparent(*ParseTraceparent(ids + flags));
    EXPECT_TRUE(formatted.ends_with(ours)) << flags << ": " << formatted;
  }
}

TEST(TraceContext, ALaterVersionMayBeLonger) {
  EXPECT_TRUE(ParseTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").has_value());
  EXPECT_TRUE(ParseTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").has_value());
}

TEST(TraceContext, WhatTheSpecificationCallsInvalidIsNothing) {
  for (const char* invalid : {
           "",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",          // no flags
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",        // half a byte
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",  // version 00 is never longer
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",   // without a dash
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",       // version ff
           "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",  // no trace
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",  // no span
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",  // capitals
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bg-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0z",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7 01",
       }) {
    EXPECT_FALSE(ParseTraceparent(invalid).has_value()) << invalid;
  }
}

}  // namespace
}  // namespace limpid::rpc
