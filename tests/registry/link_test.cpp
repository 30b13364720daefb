// SPDX-License-Identifier: Apache-2.0
#include "link.hpp"

#include <catch2/catch.hpp>

using cullet::http::Headers;
using cullet::registry::next_link;

TEST_CASE("next_link: the forms that registries use") {
  CHECK(next_link(Headers{{"link", "</v2/a/tags/list?n=1&last=b>; rel=\"next\""}}) ==
        "/v2/a/tags/list?n=1&last=b");
  CHECK(next_link(Headers{{"link", "<https://h/x,y>;rel=next"}}) == "https://h/x,y");
  CHECK(next_link(Headers{{"link", "/v2/a/tags/list?last=b; rel=\"next\""}}) ==
        "/v2/a/tags/list?last=b");
  CHECK(next_link(Headers{{"link", "</p>; rel=\"prev\", </n>; title=x; rel=\"next\""}}) == "/n");
  CHECK(next_link(Headers{{"link", "</p>; rel=\"prev\""}, {"link", "</n>; rel=\"next\""}}) == "/n");
}

TEST_CASE("next_link: nothing where there is no next page") {
  CHECK_FALSE(next_link(Headers{}));
  for (const auto* text : {"",
                           "<",
                           "<>",
                           "<>; rel=next",
                           "</x>",
                           "</x>; rel=\"prev\"",
                           "; rel=next",
                           "x",
                           ",,,",
                           "</x; rel=next",
                           "</a>; rel=nextish"})
    CHECK_FALSE(next_link(Headers{{"link", text}}));
}
