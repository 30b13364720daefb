// SPDX-License-Identifier: Apache-2.0
#include "../../src/store/canonical.hpp"

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;

TEST_CASE("hash_file: a file that is not as long as it was is not hashed") {
  const Scratch scratch;
  put(scratch / "f", "12345");
  const auto hash = [&](std::uint64_t size) {
    return hash_file(open_file(scratch / "f", O_RDONLY).get(), size, "f", Cancel());
  };
  CHECK(hash(5) == sha256("12345"));
  for (const std::uint64_t wrong : {0U, 4U, 6U, 1000000U}) {
    const auto error = failure([&] { (void)hash(wrong); });
    CHECK(error.kind() == Kind::machine);
    CHECK(error.message() == "'f' changed its size while it was being read");
  }
}
