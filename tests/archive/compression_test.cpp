// SPDX-License-Identifier: Apache-2.0
#include "cullet/archive/compression.hpp"

#include <atomic>
#include <thread>

#include "cullet/base/digest.hpp"
#include "cullet/base/text.hpp"

#include "support.hpp"

namespace cullet::archive {
namespace {

using namespace std::string_view_literals;

const Compression kZstd{};
const Compression kGzip{Algorithm::gzip, 6};
const Compression kNone{Algorithm::none, 0};

// 200 lines "line 0000 of the fixture\n", as xz(1) and bzip2(1) compress them.
constexpr std::string_view kXz =
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+"
    "Wj4BOHAQddADYaSh8IoCpN08iDjQafMZzZZ6J1qY4AytCLGkeBwduuydhnIMYkznJh"
    "DFtFvEY+4x+csXRFP2FTVjXhSAzKUPFc4yQlFd9JQvj9V3wAD3pENn9EM06Xz3qibp+"
    "BwC9Ex3auLTsRje7xJcphKYZ2xlQ0"
    "BBp2OAQZmB0N31nqVGH/+fn5tfc0xuluLAwcW568G/gMq49lhLVztYAcJbf0fG9Flk4ueyDscL8lB/"
    "wHpOO9cx4IctytMoiP"
    "imqucw62TogJLPmVM0M3/"
    "O4UlJV5GklOVpwwyD7Bxn5iIGbuozGqgGD61PNciCMTdFyVLvMvWrxyHdtDfLiq4rzuUKm0KAZj"
    "PXzGp7XDAABpBa0D2oKtpAABowKIJwAATCryM7HEZ/sCAAAAAARZWg==";
constexpr std::string_view kBzip2 =
    "QlpoOTFBWSZTWUdtnEQABqTZgEAQQAB/4ANllkBAAnBwjpjig0aNBkBoQ9VJA//1VRPSAA5/+qqNB/"
    "6qjCDRghVImP0qYjTZ"
    "Q6c5mbubmc9PLz9HXt68uwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB3zM3M0AdQALvm5WaUJQlCUJQlCUJQltbCUJQlCUJQ"
    "lC"
    "UJQlCW0pSlKUpSlKUpSlrWta1rWZmZmZmZkpSlKUpSlKUpSlKVu5AAAFVVVVVVAAAFVVVVVVAAAFVVVVVVAAAFVAACqqqq"
    "qq"
    "gABVQAABVVVVVVQAABVVVVVVxxwAAZmdu1VVVVUW4CD7AQfQCDuAg+QEHgBB4AQfQCDuAg8AIPwAg/"
    "oCDAIP8Ag9QEHmAg34"
    "u5IpwoSCO2ziIA==";

std::string fixture() {
  std::string text;
  for (int i = 0; i < 200; ++i) {
    const auto number = std::to_string(i);
    text += "line " + std::string(4 - number.size(), '0') + number + " of the fixture\n";
  }
  return text;
}

/// Throws when it gets the n-th write.
class FailingSink final : public Sink {
 public:
  explicit FailingSink(int at) : left_(at) {}
  void write(Bytes) override {
    if (left_-- == 0)
      throw Error(Kind::machine, "no space left").hint("buy a disk");
  }

 private:
  int left_;
};

TEST_CASE("compress: what comes out unfolds to what went in, whatever the size") {
  const auto size = GENERATE(std::size_t{0},
                             std::size_t{1},
                             std::size_t{1000},
                             kFrameSize - 1,
                             kFrameSize,
                             kFrameSize + 1,
                             3 * kFrameSize + 17);
  const auto compression = GENERATE(kZstd, kGzip, kNone);
  const auto text = sample(size);
  const auto bytes = compressed(text, compression);
  CHECK(decompressed(bytes) == text);
  if (compression.algorithm != Algorithm::none && size > 1000)
    CHECK(bytes.size() < size / 2);
}

TEST_CASE("compress: the bytes don't depend on the number of threads or the size of writes") {
  const auto compression = GENERATE(kZstd, kGzip, (Compression{Algorithm::zstd, 7}));
  const auto text = sample(2 * kFrameSize + 12345);
  const auto want = sha256(compressed(text, compression, 1));
  for (const unsigned threads : {0U, 2U, 5U, 16U})
    CHECK(sha256(compressed(text, compression, threads)) == want);

  StringSink out;
  const auto compressor = compress(compression, out, 3);
  std::mt19937 random(7);
  for (std::string_view rest = text; !rest.empty();) {
    const auto count = std::min<std::size_t>(rest.size(), 1 + random() % 100000);
    compressor->write(as_bytes(rest.substr(0, count)));
    rest.remove_prefix(count);
  }
  compressor->finish();
  CHECK(sha256(out.text()) == want);
}

TEST_CASE("compress: bytes put into space() are taken in place") {
  const auto text = sample(kFrameSize + 70000);
  StringSink out;
  const auto compressor = compress(kZstd, out, 2);
  for (std::string_view rest = text; !rest.empty();) {
    const auto room = compressor->space();
    REQUIRE_FALSE(room.empty());
    const auto count = std::min({room.size(), rest.size(), std::size_t{65536}});
    std::copy_n(as_bytes(rest).begin(), count, room.begin());
    compressor->write(room.first(count));
    rest.remove_prefix(count);
  }
  compressor->finish();
  CHECK(out.text() == compressed(text, kZstd));
}

TEST_CASE("compress: the plain sink gets the uncompressed bytes in order") {
  const auto compression = GENERATE(kZstd, kGzip, kNone);
  const auto text = sample(5 * kFrameSize + 99);
  StringSink out;
  Sha256Hasher plain;
  const auto compressor = compress(compression, out, 4, &plain);
  compressor->write(as_bytes(text));
  compressor->finish();
  CHECK(plain.finish() == sha256(text));
  CHECK(out.text() == compressed(text, compression));
}

TEST_CASE("compress: gzip is one member with no time, name or system in it") {
  const auto bytes = compressed(sample(2 * kFrameSize), kGzip);
  CHECK(bytes.substr(0, 10) == "\x1f\x8b\x08\0\0\0\0\0\0\xff"sv);
  if (const auto unpacked = run_tool({"gzip", "-dc"}, bytes)) {
    CHECK(unpacked->status.ok());
    CHECK(unpacked->out == sample(2 * kFrameSize));
  }
}

TEST_CASE("compress: zstd(1) reads the frames") {
  const auto text = sample(2 * kFrameSize + 5);
  if (const auto unpacked = run_tool({"zstd", "-dcq"}, compressed(text, kZstd))) {
    CHECK(unpacked->status.ok());
    CHECK(unpacked->out == text);
  }
}

TEST_CASE("compress: a failing sink's error comes out as it is, from write or finish") {
  const auto compression = GENERATE(kZstd, kGzip);
  const auto at = GENERATE(0, 1, 2, 3);
  FailingSink out(at);
  const auto text = sample(kFrameSize);
  const auto error = failure([&] {
    const auto compressor = compress(compression, out, 2);
    for (int i = 0; i < 4; ++i)
      compressor->write(as_bytes(text));
    compressor->finish();
  });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == "no space left");
  CHECK(error.hints() == std::vector<std::string>{"buy a disk"});
}

TEST_CASE("compress: a failing plain sink's error comes out too") {
  StringSink out;
  FailingSink plain(1);
  const auto error = failure([&] {
    const auto compressor = compress(kZstd, out, 2, &plain);
    compressor->write(as_bytes(sample(3 * kFrameSize)));
    compressor->finish();
  });
  CHECK(error.message() == "no space left");
}

TEST_CASE("compress: after a failure every further call fails, and destroying it returns") {
  FailingSink out(0);
  const auto compressor = compress(kZstd, out, 2);
  const auto text = sample(kFrameSize);
  int failures = 0;
  for (int i = 0; i < 20; ++i)
    try {
      compressor->write(as_bytes(text));
    } catch (const Error&) {
      ++failures;
    }
  CHECK(failures > 10);
  CHECK(failure([&] { compressor->finish(); }).message() == "no space left");
}

TEST_CASE("compress: abandoning it before finish() returns and writes no end") {
  const auto compression = GENERATE(kZstd, kGzip);
  const auto frames = GENERATE(0, 1, 9);
  StringSink out;
  {
    const auto compressor = compress(compression, out, 3);
    for (int i = 0; i < frames; ++i)
      compressor->write(as_bytes(sample(kFrameSize)));
  }
  if (compression.algorithm == Algorithm::gzip && !out.text().empty())
    CHECK(failure([&] { (void)decompressed(out.text()); }).kind() == Kind::input);
}

TEST_CASE("compress: nothing may follow finish()") {
  StringSink out;
  const auto compressor = compress(kZstd, out, 1);
  compressor->finish();
  CHECK(failure([&] { compressor->finish(); }).kind() == Kind::internal);
  CHECK(failure([&] { compressor->write(as_bytes("x")); }).kind() == Kind::internal);
}

TEST_CASE("describe: names the library, its version and the level") {
  CHECK(describe(kNone) == "none");
  CHECK_THAT(describe(kZstd), Catch::Matches("zstd [0-9.]+ level 3"));
  CHECK_THAT(describe(kGzip), Catch::Matches("zlib [0-9.a-z-]+ level 6"));
}

TEST_CASE("describe and compress: levels that don't exist are refused") {
  StringSink out;
  for (const auto& compression : {Compression{Algorithm::zstd, 0},
                                  Compression{Algorithm::zstd, 23},
                                  Compression{Algorithm::gzip, 0},
                                  Compression{Algorithm::gzip, 10}}) {
    CHECK(failure([&] { (void)describe(compression); }).kind() == Kind::input);
    const auto error = failure([&] { (void)compress(compression, out, 1); });
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(), Catch::Contains("has no level"));
  }
}

TEST_CASE("decompress: knows xz and bzip2 by their magic numbers") {
  CHECK(decompressed(*base64_decode(kXz)) == fixture());
  CHECK(decompressed(*base64_decode(kBzip2)) == fixture());
}

TEST_CASE("decompress: passes plain and empty streams on, and reads one byte at a time") {
  CHECK(decompressed("").empty());
  CHECK(decompressed("BZh9 is how this text begins") == "BZh9 is how this text begins");
  const auto bytes = compressed("hello, world", kZstd);
  MemorySource source(bytes);
  const auto plain = decompress(source, 100, "stream");
  std::string text;
  std::byte byte{};
  while (plain->read({&byte, 1}) == 1)
    text += static_cast<char>(byte);
  CHECK(text == "hello, world");
  CHECK(plain->read({&byte, 1}) == 0);
}

TEST_CASE("decompress: reads concatenated members, and zeros after gzip as padding") {
  const auto twice = [](const std::string& bytes) { return decompressed(bytes + bytes); };
  CHECK(twice(compressed("ab", kZstd)) == "abab");
  CHECK(twice(compressed("ab", kGzip)) == "abab");
  CHECK(twice(*base64_decode(kXz)) == fixture() + fixture());
  CHECK(twice(*base64_decode(kBzip2)) == fixture() + fixture());
  CHECK(decompressed(compressed("ab", kGzip) + std::string(700, '\0')) == "ab");
  // A skippable frame (RFC 8878 section 3.1.2) before and after.
  const std::string skipped("\x50\x2a\x4d\x18\x03\0\0\0xyz", 11);
  CHECK(decompressed(skipped + compressed("ab", kZstd) + skipped) == "ab");
}

TEST_CASE("decompress: unfolds one layer only") {
  const auto inner = compressed("matryoshka", kGzip);
  CHECK(decompressed(compressed(inner, kZstd)) == inner);
  CHECK(decompressed(compressed(*base64_decode(kXz), kGzip)) == *base64_decode(kXz));
}

TEST_CASE("decompress: rubbish after the end is damage") {
  for (const auto& bytes : {compressed("ab", kZstd), compressed("ab", kGzip)}) {
    const auto error = failure([&] { (void)decompressed(bytes + "rubbish"); });
    CHECK(error.kind() == Kind::input);
    CHECK(error.message() == "stream is damaged");
  }
  CHECK(failure([&] {
          (void)decompressed(compressed("ab", kGzip) + std::string(3, '\0') + "x");
        }).details() == std::vector<std::string>{"gzip: bytes after its end"});
}

TEST_CASE("decompress: a wrong checksum is damage") {
  auto gzip = compressed(sample(1000), kGzip);
  gzip[gzip.size() - 6] = static_cast<char>(gzip[gzip.size() - 6] ^ 1);
  CHECK(failure([&] { (void)decompressed(gzip); }).message() == "stream is damaged");
}

TEST_CASE("decompress: stops at its limit") {
  const auto compression = GENERATE(kZstd, kGzip, kNone);
  const auto bytes = compressed(std::string(100000, 'a'), compression);
  CHECK(decompressed(bytes, 100000).size() == 100000);
  const auto error = failure([&] { (void)decompressed(bytes, 99999); });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "stream unfolds to more than 99999 bytes");
}

TEST_CASE("decompress: hands the source's own error on") {
  class Broken final : public Source {
   public:
    explicit Broken(std::string_view head) : head_(head) {}
    std::size_t read(std::span<std::byte> into) override {
      if (const auto count = head_.read(into))
        return count;
      throw Error(Kind::refused, "the digest is wrong");
    }

   private:
    MemorySource head_;
  };
  const auto xz = *base64_decode(kXz);
  const auto bzip2 = *base64_decode(kBzip2);
  for (const auto& bytes :
       {compressed(sample(9999), kZstd), compressed(sample(9999), kGzip), xz, bzip2}) {
    Broken source(std::string_view(bytes).substr(0, bytes.size() / 2));
    const auto error = failure([&] {
      const auto plain = decompress(source, UINT64_MAX, "stream");
      (void)read_all(*plain, UINT64_MAX, "stream");
    });
    CHECK(error.kind() == Kind::refused);
  }
}

TEST_CASE("decompress: no prefix of a compressed stream passes for the whole") {
  std::vector<std::string> streams = {compressed(fixture(), kZstd),
                                      compressed(fixture(), kGzip),
                                      *base64_decode(kXz),
                                      *base64_decode(kBzip2)};
  for (const auto& bytes : streams) {
    CHECK(decompressed(bytes) == fixture());
    // Shorter than its magic number, a stream is plain bytes.
    for (std::size_t size = 10; size < bytes.size(); ++size) {
      INFO("cut at " << size << " of " << bytes.size());
      std::string got;
      const auto error =
          failure([&] { got = decompressed(std::string_view(bytes).substr(0, size)); });
      CHECK(error.kind() == Kind::input);
      CHECK_THAT(error.message(), Catch::Contains("truncated"));
    }
  }
}

TEST_CASE("check_zlib: takes one whole stream of the promised size and nothing else") {
  using namespace std::string_literals;
  // "text " four times
  const auto stream = "\x78\x9c\x2b\x49\xad\x28\x51\x28\x41\x25\x00\x52\x0a\x07\x95"s;
  const auto check = [&](const std::string& bytes, std::uint64_t size) {
    return failure([&] { check_zlib(as_bytes(bytes), size, "it"); }).message();
  };
  CHECK_NOTHROW(check_zlib(as_bytes(stream), 20, "it"));
  CHECK(check(stream, 19) == "it unfolds to more than 19 bytes");
  CHECK(check(stream, 21) == "it unfolds to 20 bytes, not 21");
  CHECK(check(stream + "x", 20) == "it is damaged");
  CHECK(check("text", 4) == "it is damaged");
  for (std::size_t length = 0; length < stream.size(); ++length)
    CHECK(check(stream.substr(0, length), 20) == "it is truncated");
}

}  // namespace
}  // namespace cullet::archive
