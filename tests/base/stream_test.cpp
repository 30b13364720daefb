// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/stream.hpp"

#include <algorithm>
#include <array>

#include "base/failure.hpp"
#include "support/string_sink.hpp"

using namespace cullet;

namespace {

/// Gives one byte at a time and counts how often it was asked.
class Dripping final : public Source {
 public:
  explicit Dripping(std::string_view text) : inner_(text) {}
  std::size_t read(std::span<std::byte> into) override {
    ++reads;
    return inner_.read(into.first(1));
  }
  int reads = 0;

 private:
  MemorySource inner_;
};

}  // namespace

TEST_CASE("MemorySource: hands out everything once, then ends for good") {
  MemorySource source("abcdef");
  std::array<std::byte, 4> buffer{};
  CHECK(source.read(buffer) == 4);
  CHECK(as_text(buffer) == "abcd");
  CHECK(source.read(buffer) == 2);
  CHECK(as_text(Bytes(buffer).first(2)) == "ef");
  CHECK(source.read(buffer) == 0);
  CHECK(source.read(buffer) == 0);
}

TEST_CASE("copy: every byte, whatever the sizes of the reads") {
  const std::string text = "one\0two" + std::string(700'000, 'x');
  StringSink sink;
  SECTION("all at once") {
    MemorySource source(text);
    CHECK(copy(source, sink) == text.size());
  }
  SECTION("byte by byte") {
    Dripping source(text);
    CHECK(copy(source, sink) == text.size());
  }
  CHECK(sink.text() == text);
  CHECK(std::move(sink).text() == text);
}

TEST_CASE("drain: reads to the end") {
  Dripping source("12345");
  drain(source);
  CHECK(source.reads == 6);
}

TEST_CASE("read_all: exactly the limit is fine, one more byte is not") {
  MemorySource fits("12345");
  CHECK(read_all(fits, 5, "it") == "12345");
  MemorySource empty("");
  CHECK(read_all(empty, 0, "it").empty());
  MemorySource large("123456");
  const auto error = failure([&] { read_all(large, 5, "the index"); });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "the index is larger than 5 bytes");
}

TEST_CASE("read_all: stops reading at the limit") {
  const std::string text(1000, 'x');
  Dripping source(text);
  failure([&] { read_all(source, 9, "it"); });
  CHECK(source.reads == 10);
}
