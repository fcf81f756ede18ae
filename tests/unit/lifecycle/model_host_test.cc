#include "lifecycle/model_host.h"

#include <filesystem>
#include <future>

#include "lifecycle_test_base.h"
#include "support/scratch.h"

namespace limpid::lifecycle {
namespace {

using testing::FakeEngine;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

using Model = absl::StatusOr<std::shared_ptr<const explain::Model>>;

class ModelHostTest : public LifecycleTest {
 protected:
  ModelHostTest() {
    std::filesystem::create_directories(limpid_test::Scratch() / "folder");
    std::promise<absl::Status> started;
    host_.LoadAtStart({{.name = "first", .folder = "anywhere"}},
                      [&](absl::Status status) { started.set_value(std::move(status)); });
    EXPECT_THAT(started.get_future().get(), IsOk());
  }

  static ModelSource Source(const std::string& name) { return {.name = name, .folder = "folder"}; }

  std::future<Model> Load(const std::string& name) {
    auto promise = std::make_shared<std::promise<Model>>();
    host_.Load(Source(name), [promise](Model model) { promise->set_value(std::move(model)); });
    return promise->get_future();
  }
  std::future<Model> Reload(ModelSource source) {
    auto promise = std::make_shared<std::promise<Model>>();
    host_.Reload(std::move(source), [promise](Model model) { promise->set_value(std::move(model)); });
    return promise->get_future();
  }

  // What reading a folder gives next.
  absl::Status read_status_;
  std::function<void()> while_reading_ = [] {};
  ModelHost host_{{.loader = Loader([this, read = FakeRead()](const ModelSource& source) {
                     while_reading_();
                     return read_status_.ok() ? read(source) : read_status_;
                   }),
                   .registry = &registry_,
                   .metrics = &metrics_,
                   .log = &log_,
                   .model_root = limpid_test::Scratch().string()}};
};

TEST_F(ModelHostTest, LoadsReloadsAndUnloads) {
  const Model loaded = Load("second").get();
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(registry_.Find("second"), *loaded);

  const Model reloaded = Reload({.name = "second", .folder = ""}).get();
  ASSERT_THAT(reloaded, IsOk());
  EXPECT_EQ(registry_.Find("second"), *reloaded);
  EXPECT_NE(*reloaded, *loaded);
  EXPECT_EQ((*reloaded)->folder, (*loaded)->folder);

  EXPECT_EQ(host_.Unload("second").value(), *reloaded);
  EXPECT_THAT(registry_.List(), SizeIs(1));
}

TEST_F(ModelHostTest, AReloadThatFailsLeavesTheOldOneServing) {
  const auto before = registry_.Find("first");
  const std::string folder = (limpid_test::Scratch() / "folder").string();
  read_status_ = absl::InvalidArgumentError(folder + "/config.json: architectures: is missing");

  EXPECT_THAT(Reload(Source("first")).get(),
              StatusIs(absl::StatusCode::kInvalidArgument, "config.json: architectures: is missing"));
  EXPECT_EQ(registry_.Find("first"), before);
  EXPECT_THAT(lines_.str(), HasSubstr(folder));
}

TEST_F(ModelHostTest, WhatThrowsIsAFailureToo) {
  while_reading_ = [] { throw std::bad_alloc(); };

  EXPECT_THAT(Load("second").get(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("memory")));
  while_reading_ = [] {};
  EXPECT_THAT(Load("second").get(), IsOk());
}

TEST_F(ModelHostTest, MeanwhileNoOtherModelIsLoadedOrUnloaded) {
  std::promise<void> reading, go_on;
  while_reading_ = [&] {
    reading.set_value();
    go_on.get_future().wait();
  };
  std::future<Model> slow = Load("slow");
  reading.get_future().wait();

  EXPECT_THAT(Load("other").get(), StatusIs(absl::StatusCode::kAborted, HasSubstr("being loaded")));
  EXPECT_THAT(Reload(Source("first")).get(), StatusIs(absl::StatusCode::kAborted, HasSubstr("being loaded")));
  EXPECT_THAT(host_.Unload("slow"), StatusIs(absl::StatusCode::kAborted, HasSubstr("being loaded")));

  go_on.set_value();
  EXPECT_THAT(slow.get(), IsOk());
  EXPECT_THAT(host_.Unload("slow"), IsOk());
}

TEST_F(ModelHostTest, AfterAStopNothingIsLoaded) {
  host_.Stop();

  EXPECT_THAT(Load("second").get(), StatusIs(absl::StatusCode::kCancelled, HasSubstr("stopping")));
  EXPECT_THAT(registry_.List(), SizeIs(1));
}

TEST_F(ModelHostTest, AStartThatFailsNamesTheModelAndLoadsNoMore) {
  while_reading_ = [this] {
    read_status_ = registry_.List().size() > 1 ? absl::NotFoundError("no file") : absl::OkStatus();
  };
  std::promise<absl::Status> started;

  host_.LoadAtStart({Source("second"), Source("third"), Source("fourth")},
                    [&](absl::Status status) { started.set_value(std::move(status)); });

  EXPECT_THAT(started.get_future().get(), StatusIs(absl::StatusCode::kNotFound, "--model third: no file"));
  EXPECT_THAT(registry_.List(), SizeIs(2));
}

}  // namespace
}  // namespace limpid::lifecycle
