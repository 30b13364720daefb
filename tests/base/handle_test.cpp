// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/handle.hpp"

#include <stdexcept>

#include <catch2/catch.hpp>

using namespace cullet;

namespace {

struct Thing {
  int* freed;
};
void thing_free(Thing* thing) {
  ++*thing->freed;
  delete thing;
}
int thing_make(Thing** out, int* freed, bool make) {
  *out = make ? new Thing{freed} : nullptr;
  return 0;
}
void check(int result, bool fail) {
  if (result != 0 || fail)
    throw std::runtime_error("failed");
}
using ThingHandle = Handle<Thing, thing_free>;

}  // namespace

TEST_CASE("out_ptr: the handle owns what a C function gave") {
  int freed = 0;
  {
    ThingHandle handle;
    thing_make(out_ptr(handle), &freed, true);
    REQUIRE(handle);
    thing_make(out_ptr(handle), &freed, true);
    CHECK(freed == 1);
    thing_make(out_ptr(handle), &freed, false);
    CHECK(freed == 2);
    CHECK_FALSE(handle);
    thing_make(out_ptr(handle), &freed, true);
  }
  CHECK(freed == 3);
}

TEST_CASE("out_ptr: nothing leaks when the check of the same expression throws") {
  int freed = 0;
  {
    ThingHandle handle;
    CHECK_THROWS(check(thing_make(out_ptr(handle), &freed, true), true));
    CHECK(handle);
  }
  CHECK(freed == 1);
}
