#include "rpc/stream_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/status_matchers.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;

// Notes what the writer does; a write stays in flight until the test says that it is done.
class NotingStream final : public StreamWriter<std::string>::Stream {
 public:
  void Write(const std::string& response) override {
    EXPECT_FALSE(in_flight_) << "a second write in flight";
    EXPECT_TRUE(statuses.empty()) << "a write after the end";
    if (throws) throw std::runtime_error("no memory");
    in_flight_ = true;
    written.push_back(response);
  }
  void Finish(const absl::Status& status) override {
    EXPECT_FALSE(in_flight_) << "the end with a write in flight";
    statuses.push_back(status);
  }
  void WriteDone(StreamWriter<std::string>* writer, bool ok = true) {
    ASSERT_TRUE(std::exchange(in_flight_, false));
    writer->OnWriteDone(ok);
  }

  bool throws = false;
  std::vector<std::string> written;
  std::vector<absl::Status> statuses;

 private:
  bool in_flight_ = false;
};

// Copies share a life; `expired` tells when all of them are gone.
struct Tracked {
  std::shared_ptr<int> life = std::make_shared<int>(0);
  std::weak_ptr<int> watch() const { return life; }
};

class StreamWriterTest : public ::testing::Test {
 protected:
  using Part = StreamWriter<std::string>::Part;
  using Length = StreamWriter<std::string>::Length;

  Part Message(std::string text) {
    return [this, text = std::move(text)](std::string* out) {
      ++num_encoded_;
      *out = text;
      return false;
    };
  }
  Part Messages(int count) {
    return [this, left = count](std::string* out) mutable {
      ++num_encoded_;
      *out = std::to_string(--left);
      return left > 0;
    };
  }

  int num_encoded_ = 0;
  NotingStream stream_;
  StreamWriter<std::string> writer_{&stream_};
};

TEST_F(StreamWriterTest, WritesOneAtATimeInOrderAndThenEnds) {
  writer_.Push(Message("a"));
  writer_.Push(Message("b"));
  writer_.End(absl::OkStatus());

  EXPECT_THAT(stream_.written, ElementsAre("a"));
  stream_.WriteDone(&writer_);
  EXPECT_THAT(stream_.written, ElementsAre("a", "b"));
  EXPECT_TRUE(stream_.statuses.empty());
  stream_.WriteDone(&writer_);
  EXPECT_THAT(stream_.statuses, ElementsAre(IsOk()));
}

TEST_F(StreamWriterTest, ASlowReaderCostsOneMessage) {
  writer_.Push(Messages(100));
  writer_.Push(Message("last"));

  EXPECT_EQ(num_encoded_, 1);
  stream_.WriteDone(&writer_);
  EXPECT_EQ(num_encoded_, 2);
  for (int i = 0; i < 99; ++i) stream_.WriteDone(&writer_);
  EXPECT_EQ(num_encoded_, 101);
  EXPECT_EQ(stream_.written.back(), "last");
}

TEST_F(StreamWriterTest, GoesOnAfterARest) {
  writer_.Push(Message("a"));
  stream_.WriteDone(&writer_);
  writer_.Push(Message("b"));
  stream_.WriteDone(&writer_);
  writer_.End(absl::NotFoundError("model"));

  EXPECT_THAT(stream_.written, ElementsAre("a", "b"));
  EXPECT_THAT(stream_.statuses, ElementsAre(StatusIs(absl::StatusCode::kNotFound, "model")));
}

TEST_F(StreamWriterTest, AShortPartOvertakesTheMessagesOfALongOne) {
  writer_.Push(Messages(3), Length::kLong);
  writer_.Push(Messages(2), Length::kLong);
  writer_.Push(Message("short"));
  writer_.End(absl::OkStatus());
  for (int i = 0; i < 6; ++i) stream_.WriteDone(&writer_);

  EXPECT_THAT(stream_.written, ElementsAre("2", "short", "1", "0", "1", "0"));
  EXPECT_THAT(stream_.statuses, ElementsAre(IsOk()));
}

TEST_F(StreamWriterTest, TheFirstEndCountsAndNothingComesAfterIt) {
  writer_.End(absl::InternalError("first"));
  writer_.End(absl::OkStatus());
  writer_.Push(Message("late"));
  writer_.Abort(absl::CancelledError("cancelled"));

  EXPECT_TRUE(stream_.written.empty());
  EXPECT_THAT(stream_.statuses, ElementsAre(StatusIs(absl::StatusCode::kInternal, "first")));
}

TEST_F(StreamWriterTest, AfterACancelOnlyTheWriteInFlightIsAwaited) {
  const Tracked tracked;
  const std::weak_ptr<int> waiting = tracked.watch();
  writer_.Push(Messages(3));
  writer_.Push([tracked = Tracked(tracked)](std::string*) { return tracked.life == nullptr; });
  const_cast<Tracked&>(tracked).life.reset();

  writer_.Abort(absl::CancelledError("cancelled"));

  EXPECT_TRUE(waiting.expired());
  EXPECT_TRUE(stream_.statuses.empty());
  stream_.WriteDone(&writer_, false);
  EXPECT_THAT(stream_.statuses, ElementsAre(StatusIs(absl::StatusCode::kCancelled, _)));
  EXPECT_EQ(num_encoded_, 1);
}

TEST_F(StreamWriterTest, ACancelOfARestingStreamEndsIt) {
  writer_.Abort(absl::CancelledError("cancelled"));
  writer_.Push(Message("late"));
  writer_.End(absl::OkStatus());

  EXPECT_THAT(stream_.statuses, ElementsAre(StatusIs(absl::StatusCode::kCancelled, _)));
  EXPECT_TRUE(stream_.written.empty());
}

TEST_F(StreamWriterTest, AFailedWriteEndsTheStream) {
  writer_.Push(Messages(3));
  writer_.End(absl::OkStatus());

  stream_.WriteDone(&writer_, false);

  EXPECT_EQ(num_encoded_, 1);
  EXPECT_THAT(stream_.statuses, ElementsAre(StatusIs(absl::StatusCode::kCancelled, _)));
}

TEST_F(StreamWriterTest, AnErrorSurvivesTheCancelThatFollows) {
  writer_.Push(Message("a"));
  writer_.End(absl::DeadlineExceededError("late"));
  writer_.Abort(absl::CancelledError("cancelled"));
  stream_.WriteDone(&writer_);

  EXPECT_THAT(stream_.statuses, ElementsAre(StatusIs(absl::StatusCode::kDeadlineExceeded, "late")));
}

TEST_F(StreamWriterTest, APartThatThrowsEndsTheStreamWithInternal) {
  writer_.Push(Message("a"));
  writer_.Push([](std::string*) -> bool { throw std::runtime_error("a defect"); });
  writer_.Push(Message("b"));
  stream_.WriteDone(&writer_);
  writer_.End(absl::OkStatus());

  EXPECT_THAT(stream_.written, ElementsAre("a"));
  EXPECT_THAT(stream_.statuses, ElementsAre(StatusIs(absl::StatusCode::kInternal, _)));
}

TEST_F(StreamWriterTest, AWriteThatThrowsEndsTheStreamWithInternal) {
  stream_.throws = true;
  writer_.Push(Message("a"));

  EXPECT_THAT(stream_.statuses, ElementsAre(StatusIs(absl::StatusCode::kInternal, _)));
}

// As an ExplainMany item does: the end of its last part ends the stream.
TEST_F(StreamWriterTest, APartMayEndTheStreamWhenItIsDestroyed) {
  struct Ender {
    explicit Ender(StreamWriter<std::string>* writer_in) : writer(writer_in) {}
    Ender(Ender&& other) noexcept : writer(std::exchange(other.writer, nullptr)) {}
    ~Ender() {
      if (writer != nullptr) writer->End(absl::OkStatus());
    }
    StreamWriter<std::string>* writer;
  };
  writer_.Push([ender = Ender(&writer_)](std::string* out) {
    *out = "last";
    return false;
  });
  stream_.WriteDone(&writer_);
  EXPECT_THAT(stream_.statuses, ElementsAre(IsOk()));

  writer_.Push([ender = Ender(&writer_)](std::string*) { return false; });
  EXPECT_EQ(stream_.statuses.size(), 1u);
}

// Completes each write from a thread of its own, like gRPC.
class ThreadedStream final : public StreamWriter<int>::Stream {
 public:
  ~ThreadedStream() override { completer_.join(); }
  void Run(StreamWriter<int>* writer) {
    completer_ = std::jthread([this, writer] {
      while (true) {
        {
          absl::MutexLock lock(&mutex_);
          auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return in_flight_ || finished_; };
          mutex_.Await(absl::Condition(&ready));
          if (finished_) return;
          in_flight_ = false;
        }
        writer->OnWriteDone(true);
      }
    });
  }
  void Write(const int& value) override {
    absl::MutexLock lock(&mutex_);
    EXPECT_FALSE(in_flight_);
    EXPECT_FALSE(finished_);
    in_flight_ = true;
    written_.push_back(value);
  }
  void Finish(const absl::Status& status) override {
    absl::MutexLock lock(&mutex_);
    EXPECT_FALSE(finished_);
    finished_ = true;
    status_ = status;
  }
  // After the end.
  std::pair<absl::Status, std::vector<int>> AwaitEnd() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&finished_));
    return {status_, written_};
  }

 private:
  absl::Mutex mutex_;
  bool in_flight_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> written_ ABSL_GUARDED_BY(mutex_);
  std::jthread completer_;
};

TEST(StreamWriterRaces, NothingIsLostOrDoubledWhilePushesAndWritesCross) {
  constexpr int kMessages = 200;
  for (int round = 0; round < 50; ++round) {
    ThreadedStream stream;
    StreamWriter<int> writer(&stream);
    stream.Run(&writer);

    for (int i = 0; i < kMessages; ++i) {
      writer.Push([i](int* out) {
        *out = i;
        return false;
      });
    }
    writer.End(absl::OkStatus());

    const auto [status, written] = stream.AwaitEnd();
    ASSERT_THAT(status, IsOk());
    ASSERT_EQ(written.size(), static_cast<size_t>(kMessages));
    for (int i = 0; i < kMessages; ++i) ASSERT_EQ(written[static_cast<size_t>(i)], i);
  }
}

TEST(StreamWriterRaces, ACancelThatCrossesEverythingEndsTheStreamOnce) {
  for (int round = 0; round < 200; ++round) {
    auto life = std::make_shared<int>(0);
    const std::weak_ptr<int> watch = life;
    {
      ThreadedStream stream;
      StreamWriter<int> writer(&stream);
      stream.Run(&writer);
      std::jthread canceller([&writer] { writer.Abort(absl::CancelledError("cancelled")); });
      for (int i = 0; i < 20; ++i) writer.Push([life, left = 3](int*) mutable { return --left > 0; });
      writer.End(absl::OkStatus());
      life.reset();
      stream.AwaitEnd();
    }
    ASSERT_TRUE(watch.expired());
  }
}

}  // namespace
}  // namespace limpid::rpc
