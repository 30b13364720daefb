// SPDX-License-Identifier: Apache-2.0
#include "../../src/image/sha256_pair.hpp"

#include "../../src/image/layer_hasher.hpp"
#include "../../src/image/sha256_blocks.hpp"
#include "support.hpp"

namespace cullet::image {
namespace {

/// Writes `text` in pieces of random size.
void write_in_pieces(Sink& to, std::string_view text, std::mt19937& random, std::size_t most) {
  while (!text.empty()) {
    const auto count = std::min<std::size_t>(text.size(), 1 + random() % most);
    to.write(as_bytes(text.substr(0, count)));
    text.remove_prefix(count);
  }
}

class PairSink final : public Sink {
 public:
  explicit PairSink(Sha256Pair& pair) : pair_(pair) {}
  void write(Bytes bytes) override { pair_.write(bytes); }

 private:
  Sha256Pair& pair_;
};

TEST_CASE("Sha256Pair: agrees with OpenSSL on the whole and every part, however it is written") {
  if (!has_sha256_blocks())
    WARN("skipped: this processor has no SHA instructions; only the portable pair is tested");
  const auto implementation = GENERATE(Implementation::best, Implementation::portable);
  const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  const auto most =
      GENERATE(std::size_t{3}, std::size_t{64}, std::size_t{100}, std::size_t{100000});
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto pair = sha256_pair(implementation);
  PairSink sink(*pair);
  std::string all;
  for (int i = 0; i < 30; ++i) {
    const auto part = archive::sample(random() % 700, random());
    pair->begin_part();
    write_in_pieces(sink, part, random, most);
    CHECK(pair->end_part() == sha256(part));
    all += part;
    // What is between parts ends on a boundary, as tar's padding and headers do.
    auto between = archive::sample(random() % 200, random());
    between.resize(between.size() + (64 - (all.size() + between.size()) % 64) % 64);
    write_in_pieces(sink, between, random, most);
    all += between;
  }
  const auto rest = archive::sample(random() % 130, random());
  write_in_pieces(sink, rest, random, most);
  CHECK(pair->finish() == sha256(all + rest));
}

TEST_CASE("Sha256Pair: every length around the padding's boundaries") {
  for (std::size_t size = 0; size < 200; ++size) {
    const auto text = archive::sample(size);
    const auto pair = sha256_pair();
    pair->begin_part();
    if (size > 0)
      pair->write(as_bytes(text));
    CHECK(pair->end_part() == sha256(text));
    CHECK(pair->finish() == sha256(text));
  }
}

TEST_CASE("LayerHasher: refuses the file whose bytes are others, and names it") {
  const auto implementation = GENERATE(Implementation::best, Implementation::portable);
  const auto good = archive::sample(5000), bad = archive::sample(777, 2);
  const auto entry = [](const char* path, const std::string& content) {
    return store::TreeEntry{.path = *RelativePath::parse(path),
                            .type = store::TreeEntryType::file,
                            .mode = 0644,
                            .size = content.size(),
                            .content = sha256(content),
                            .target = {}};
  };
  const auto first = entry("first", good), second = entry("second", bad);
  const auto run = [&](const std::string& altered) {
    LayerHasher hasher(implementation);
    std::string tar(512, 'h');
    hasher.expect(tar.size(), first);
    tar += good;
    tar.resize(512 + 5120 + 512, 'p');
    hasher.expect(tar.size(), second);
    tar += altered + "end";
    std::mt19937 random(1);
    write_in_pieces(hasher, tar, random, 1000);
    CHECK(hasher.finish() == sha256(tar));
  };
  CHECK_NOTHROW(run(bad));
  auto altered = bad;
  altered.back() = '!';
  const auto error = failure([&] { run(altered); });
  CHECK(error.kind() == Kind::refused);
  CHECK(error.message() ==
        cat("'second' of the store's tree hashes to ", sha256(altered), ", not to ", sha256(bad)));
}

}  // namespace
}  // namespace cullet::image
