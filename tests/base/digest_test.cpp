// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/digest.hpp"

#include <algorithm>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/failure.hpp"

using namespace cullet;

namespace {

constexpr std::string_view kAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kEmpty =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Reads through `source` with a buffer of `size` bytes; what came before an exception is in `got`.
void drain(Source& source, std::size_t size, std::string& got) {
  std::vector<std::byte> buffer(size);
  while (const auto count = source.read(buffer))
    got += as_text(Bytes(buffer).first(count));
}

/// Gives at most `step` bytes per read.
class Chunked final : public Source {
 public:
  Chunked(std::string_view text, std::size_t step) : inner_(text), step_(step) {}
  std::size_t read(std::span<std::byte> into) override {
    return inner_.read(into.first(std::min(into.size(), step_)));
  }

 private:
  MemorySource inner_;
  std::size_t step_;
};

/// Fails at its second read, once.
class Breaking final : public Source {
 public:
  std::size_t read(std::span<std::byte> into) override {
    if (++reads_ == 2)
      throw Error(Kind::machine, "connection lost");
    into[0] = std::byte{'a'};
    return reads_ == 1 ? 1 : 0;
  }

 private:
  int reads_ = 0;
};

}  // namespace

TEST_CASE("sha256: FIPS 180-4 examples") {
  CHECK(sha256("abc").str() == kAbc);
  CHECK(sha256("").str() == kEmpty);
  CHECK(sha256(Bytes()).str() == kEmpty);
  CHECK(sha256(std::string(1'000'000, 'a')).hex() ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("Sha256::parse: inverse of str, and nothing else") {
  CHECK(Sha256::parse(kAbc) == sha256("abc"));
  CHECK(Sha256::parse_hex(kAbc.substr(7)) == sha256("abc"));
  const std::string hex(kAbc.substr(7));
  auto upper = std::string(kAbc);
  upper[7] = 'B';
  for (const auto& text : {std::string(),
                           std::string("sha256:"),
                           hex,
                           "SHA256:" + hex,
                           "sha512:" + hex,
                           std::string(kAbc) + "0",
                           " " + std::string(kAbc),
                           std::string(kAbc.substr(0, 70)),
                           upper,
                           "sha256:" + hex.substr(1) + "g",
                           "sha256:" + hex.substr(1) + "/"}) {
    CAPTURE(text);
    CHECK_FALSE(Sha256::parse(text));
  }
}

TEST_CASE("DigestOf: kinds don't mix; order is bytewise") {
  STATIC_REQUIRE_FALSE(std::is_convertible_v<BlobDigest, DiffId>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Sha256, BlobDigest>);
  const auto digest = BlobDigest::parse(kAbc);
  REQUIRE(digest);
  CHECK(digest->str() == kAbc);
  CHECK_FALSE(DiffId::parse("abc"));
  CHECK(Sha256() < sha256("abc"));
  CHECK(BlobDigest() < *digest);
}

TEST_CASE("Sha256Hasher: pieces give the same as the whole; finish starts afresh") {
  Sha256Hasher hasher;
  hasher.write(as_bytes("a"));
  hasher.write({});
  hasher.write(as_bytes("bc"));
  CHECK(hasher.finish().str() == kAbc);
  CHECK(hasher.finish().str() == kEmpty);
  hasher.write(as_bytes("ab"));
  Sha256Hasher moved = std::move(hasher);
  moved.write(as_bytes("c"));
  CHECK(moved.finish().str() == kAbc);
}

TEST_CASE("sha256: from many threads at once") {
  std::vector<Sha256> results(8);
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&result] {
      for (int i = 0; i < 200; ++i)
        result = sha256("abc");
    });
  for (auto& thread : threads)
    thread.join();
  for (const auto& result : results)
    CHECK(result.str() == kAbc);
}

TEST_CASE("VerifyingSource: passes good content on, whatever the buffer and the reads") {
  for (const std::size_t length : {0, 1, 2, 7, 100}) {
    const std::string text(length, 'x');
    for (const std::size_t buffer : {1, 2, 7, 100, 101})
      for (const std::size_t step : {1, 3, 1000})
        for (const bool sized : {false, true}) {
          CAPTURE(length, buffer, step, sized);
          Chunked inner(text, step);
          VerifyingSource source(
              inner, sha256(text), sized ? std::optional<std::uint64_t>(length) : std::nullopt);
          std::string got;
          drain(source, buffer, got);
          REQUIRE(got == text);
          std::byte more{};
          CHECK(source.read({&more, 1}) == 0);
        }
  }
}

TEST_CASE("VerifyingSource: never hands out the last byte of wrong content") {
  const std::string text = "the wrong content";
  for (const std::size_t buffer : {1, 5, 17, 100})
    for (const bool sized : {false, true}) {
      CAPTURE(buffer, sized);
      MemorySource inner(text);
      VerifyingSource source(
          inner, sha256("right"), sized ? std::optional<std::uint64_t>(text.size()) : std::nullopt);
      std::string got;
      const auto error = failure([&] { drain(source, buffer, got); });
      CHECK(error.kind() == Kind::refused);
      CHECK(error.message() ==
            cat("content promised as ", sha256("right"), " hashes to ", sha256(text)));
      CHECK(got.size() < text.size());
      CHECK(failure([&] { drain(source, buffer, got); }).kind() == Kind::refused);
    }
}

TEST_CASE("VerifyingSource: refuses content that is too long before its excess is read") {
  MemorySource inner("abcabc");
  VerifyingSource source(inner, sha256("abc"), 3);
  std::string got;
  const auto error = failure([&] { drain(source, 2, got); });
  CHECK(error.kind() == Kind::refused);
  CHECK(error.message() == cat("content promised as ", kAbc, " is longer than its 3 bytes"));
  CHECK(got == "ab");
  MemorySource some("x");
  VerifyingSource none(some, sha256(""), 0);
  CHECK(failure([&] { drain(none, 2, got); }).kind() == Kind::refused);
}

TEST_CASE("VerifyingSource: refuses content that ends early") {
  MemorySource inner("ab");
  VerifyingSource source(inner, sha256("abc"), 3);
  std::string got;
  const auto error = failure([&] { drain(source, 9, got); });
  CHECK(error.kind() == Kind::refused);
  CHECK(error.message() == cat("content promised as ", kAbc, " ends after 2 of 3 bytes"));
  CHECK(error.details() == std::vector<std::string>{cat("those bytes hash to ", sha256("ab"))});
}

TEST_CASE("VerifyingSource: a failed read is not forgotten") {
  Breaking inner;
  VerifyingSource source(inner, sha256("a"), std::nullopt);
  std::string got;
  CHECK(failure([&] { drain(source, 9, got); }).kind() == Kind::machine);
  CHECK(failure([&] { drain(source, 9, got); }).kind() == Kind::refused);
  CHECK(got.empty());
}
