// SPDX-License-Identifier: Apache-2.0
#include "frame_pipeline.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "cullet/base/error.hpp"

namespace cullet::archive {

namespace {

using Buffer = std::unique_ptr<std::byte[]>;

Buffer new_buffer(std::size_t size) {
  return std::make_unique_for_overwrite<std::byte[]>(size);
}

/// One frame on its way. It belongs to the caller until submitted, then to the workers, and again
/// to the caller when it was both written out and hashed.
struct Slot {
  Buffer in, out;
  std::size_t size = 0;  ///< of `in`
  EncodedFrame encoded;
  bool ready = false;  ///< encoded, to be written
};

/// Frames carry ascending numbers; number n lives in slot n % slots. Workers take, in this order of
/// preference, what frees slots soonest: writing the oldest frame out and hashing the oldest plain
/// one (each by one worker at a time, in order), then compressing (any number of workers). So no
/// stage has a thread of its own that idles while another has too much to do.
class FramePipeline final : public Compressor {
 public:
  FramePipeline(std::unique_ptr<FrameCodec> codec, Sink& out, Sink* plain, unsigned threads)
      : codec_(std::move(codec)), out_(out), plain_(plain), slots_(threads + 2) {
    try {
      for (unsigned i = 0; i < threads; ++i)
        workers_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
      // Fewer threads make the same bytes, only later.
      if (workers_.empty())
        throw system_error("cannot start a thread", error.code().value());
    }
  }

  FramePipeline(const FramePipeline&) = delete;
  FramePipeline& operator=(const FramePipeline&) = delete;
  FramePipeline(FramePipeline&&) = delete;
  FramePipeline& operator=(FramePipeline&&) = delete;
  ~FramePipeline() override { stop(); }

  void write(Bytes bytes) override {
    check_open();
    while (!bytes.empty()) {
      const auto room = space();
      const auto count = std::min(room.size(), bytes.size());
      if (bytes.data() != room.data())
        std::memcpy(room.data(), bytes.data(), count);
      fill_ += count;
      bytes = bytes.subspan(count);
      if (fill_ == kFrameSize)
        submit();
    }
  }

  std::span<std::byte> space() override {
    auto& slot = slots_[submitted_ % slots_.size()];
    if (!holds_slot_) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return failure_ || submitted_ - released() < slots_.size(); });
      rethrow();
      holds_slot_ = true;
    }
    if (slot.in == nullptr)
      slot.in = new_buffer(kFrameSize);
    return {slot.in.get() + fill_, kFrameSize - fill_};
  }

  void finish() override {
    check_open();
    finished_ = true;
    // An empty stream still is one frame: no bytes at all are no valid zstd stream to some readers.
    if (fill_ > 0 || submitted_ == 0) {
      (void)space();
      submit();
    }
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return failure_ || released() == submitted_; });
      rethrow();
    }
    stop();
    if (const auto end = codec_->end(); !end.empty())
      out_.write(as_bytes(end));
  }

 private:
  void check_open() const {
    if (finished_)
      throw Error(Kind::internal, "the compressed stream is already finished");
  }

  void submit() {
    const std::lock_guard lock(mutex_);
    slots_[submitted_ % slots_.size()].size = fill_;
    ++submitted_;
    fill_ = 0;
    holds_slot_ = false;
    changed_.notify_all();
  }

  /// Frames below this number are done with. Needs mutex_.
  [[nodiscard]] std::uint64_t released() const {
    return plain_ == nullptr ? written_ : std::min(written_, hashed_);
  }
  void rethrow() const {
    if (failure_)
      std::rethrow_exception(failure_);
  }

  void stop() noexcept {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    for (auto& worker : workers_)
      worker.join();
    workers_.clear();
  }

  void work() noexcept {
    std::unique_lock lock(mutex_);
    try {
      std::unique_ptr<FrameEncoder> encoder;
      while (!stopping_ && !failure_) {
        if (can_write())
          write_next(lock);
        else if (plain_ != nullptr && !hashing_ && hashed_ < submitted_)
          hash_next(lock);
        else if (taken_ < submitted_)
          encode_next(lock, encoder);
        else
          changed_.wait(lock);
      }
    } catch (...) {
      if (!lock.owns_lock())
        lock.lock();
      if (!failure_)
        failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  [[nodiscard]] bool can_write() const {
    return !writing_ && written_ < taken_ && slots_[written_ % slots_.size()].ready;
  }

  void write_next(std::unique_lock<std::mutex>& lock) {
    auto& slot = slots_[written_ % slots_.size()];
    writing_ = true;
    lock.unlock();
    if (written_ == 0)
      if (const auto begin = codec_->begin(); !begin.empty())
        out_.write(as_bytes(begin));
    codec_->add(slot.encoded.check, slot.size);
    out_.write({slot.out.get(), slot.encoded.size});
    lock.lock();
    writing_ = false;
    slot.ready = false;
    ++written_;
    changed_.notify_all();
  }

  void hash_next(std::unique_lock<std::mutex>& lock) {
    const auto& slot = slots_[hashed_ % slots_.size()];
    hashing_ = true;
    lock.unlock();
    plain_->write({slot.in.get(), slot.size});
    lock.lock();
    hashing_ = false;
    ++hashed_;
    changed_.notify_all();
  }

  void encode_next(std::unique_lock<std::mutex>& lock, std::unique_ptr<FrameEncoder>& encoder) {
    auto& slot = slots_[taken_ % slots_.size()];
    ++taken_;
    lock.unlock();
    if (encoder == nullptr)
      encoder = codec_->encoder();
    if (slot.out == nullptr)
      slot.out = new_buffer(codec_->bound());
    slot.encoded = encoder->encode({slot.in.get(), slot.size}, {slot.out.get(), codec_->bound()});
    lock.lock();
    slot.ready = true;
    changed_.notify_all();
  }

  const std::unique_ptr<FrameCodec> codec_;
  Sink& out_;
  Sink* const plain_;

  // The caller's own.
  std::size_t fill_ = 0;     ///< bytes in slot number submitted_
  bool holds_slot_ = false;  ///< whether that slot is known to be free
  bool finished_ = false;

  std::mutex mutex_;  ///< guards what follows, and who may use which slot
  std::condition_variable changed_;
  std::vector<Slot> slots_;
  std::uint64_t submitted_ = 0;  ///< frames handed to the workers; changed by the caller only
  std::uint64_t taken_ = 0;      ///< frames that a worker compresses or has compressed
  std::uint64_t written_ = 0;  ///< frames written out; changed only by the worker that set writing_
  std::uint64_t hashed_ = 0;   ///< likewise, with hashing_
  bool writing_ = false, hashing_ = false, stopping_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> workers_;
};

}  // namespace

std::unique_ptr<Compressor> frame_pipeline(std::unique_ptr<FrameCodec> codec,
                                           Sink& out,
                                           Sink* plain,
                                           unsigned threads) {
  return std::make_unique<FramePipeline>(std::move(codec), out, plain, std::max(threads, 1U));
}

}  // namespace cullet::archive
