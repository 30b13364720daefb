// SPDX-License-Identifier: Apache-2.0
#include "apt_sources.hpp"

#include <algorithm>
#include <sstream>

#include <catch2/catch.hpp>

#include "cullet/base/file.hpp"

#include "failure.hpp"

namespace cullet::environment {
namespace {

std::string shown(const std::vector<AptSource>& sources) {
  std::ostringstream out;
  for (const auto& source : sources) {
    out << source.uri << " " << source.suite;
    for (const auto& component : source.components)
      out << " " << component;
    for (const auto& [name, value] : source.options)
      out << " " << name << "=" << value;
    out << "\n";
  }
  return out.str();
}

constexpr std::string_view kDebian =
    "Types: deb deb-src\nURIs: http://a.example/debian/ http://b.example/debian\n"
    "Suites: bookworm bookworm-updates\nComponents: main contrib\nSigned-By: /k.gpg\n\n"
    "Types: deb\nURIs: http://a.example/debian-security\nSuites: bookworm-security\n"
    "Components: main\nCheck-Valid-Until: no\nTrusted: yes\nAllow-Insecure: yes\n";

TEST_CASE("parse_deb822_sources: one source for each URL and suite") {
  CHECK(shown(parse_deb822_sources(kDebian, "f")) ==
        "http://a.example/debian bookworm main contrib Signed-By=/k.gpg\n"
        "http://b.example/debian bookworm main contrib Signed-By=/k.gpg\n"
        "http://a.example/debian bookworm-updates main contrib Signed-By=/k.gpg\n"
        "http://b.example/debian bookworm-updates main contrib Signed-By=/k.gpg\n"
        "http://a.example/debian-security bookworm-security main Check-Valid-Until=no\n");
}

TEST_CASE("parse_deb822_sources: what is off, source-only or unusable is left out") {
  CHECK(parse_deb822_sources("Types: deb-src\nURIs: http://a\nSuites: s\n", "f").empty());
  CHECK(parse_deb822_sources("Types: deb\nEnabled: No\nURIs: http://a\nSuites: s\n", "f").empty());
  CHECK(parse_deb822_sources("Types: deb\nURIs: cdrom:[x]/\nSuites: s\n", "f").empty());
  CHECK(shown(parse_deb822_sources("Types: deb\nURIs: file:/srv/d\nSuites: s\n", "f")) ==
        "file:///srv/d s\n");
}

TEST_CASE("parse_list_sources: the one-line form, with options and comments") {
  CHECK(shown(parse_list_sources(
            "# deb http://x s main\n"
            "deb [ arch=amd64,i386 signed-by=/k.gpg trusted=yes ] http://a.example/d/ s main # c\n"
            "deb-src http://a.example/d s main\n"
            "deb\thttp://b.example/d\ts-updates\tmain contrib\n",
            "f")) ==
        "http://a.example/d s main Signed-By=/k.gpg\nhttp://b.example/d s-updates main contrib\n");
  CHECK(failure(Kind::input, [] { (void)parse_list_sources("deb [a=b http://a s\n", "f"); }) ==
        "error: f:1: '[' is not closed\n");
  CHECK(failure(Kind::input, [] { (void)parse_list_sources("\ndeb http://a\n", "f"); }) ==
        "error: f:2: a line needs a URL and a suite\n");
}

TEST_CASE("select_sources: the suite, then its updates, then its security archive") {
  auto sources = parse_deb822_sources(kDebian, "f");
  std::reverse(sources.begin(), sources.end());
  sources.push_back({"http://other.example/apt", "bookworm", {"stable"}, {}, {}});
  sources.push_back({"http://arm.example/debian", "bookworm", {"main"}, {"arm64"}, {}});
  const auto selected = select_sources(sources, "bookworm", "amd64");
  REQUIRE(selected.size() == 5);
  CHECK(selected[0].suite == "bookworm");
  CHECK(selected[2].suite == "bookworm-updates");
  CHECK(selected[4].uri == "http://a.example/debian-security");
}

TEST_CASE("select_sources: a machine of another suite names the same mirrors") {
  const auto sources = parse_deb822_sources(kDebian, "f");
  CHECK(shown(select_sources(sources, "trixie", "amd64")) ==
        "http://a.example/debian trixie main contrib Signed-By=/k.gpg\n"
        "http://b.example/debian trixie main contrib Signed-By=/k.gpg\n"
        "http://a.example/debian trixie-updates main contrib Signed-By=/k.gpg\n"
        "http://b.example/debian trixie-updates main contrib Signed-By=/k.gpg\n"
        "http://a.example/debian-security trixie-security main Check-Valid-Until=no\n");
  CHECK(select_sources(sources, "sid", "amd64").size() == 2);
  CHECK(select_sources({{"http://u.example/ubuntu", "noble", {"main"}, {}, {}}}, "bookworm", "")
            .empty());
}

TEST_CASE("mirror_sources: a name with 'security' is the security archive") {
  CHECK(shown(mirror_sources({"https://m.example/debian", "https://m.example/debian-security"},
                             "bookworm")) ==
        "https://m.example/debian bookworm main\nhttps://m.example/debian bookworm-updates main\n"
        "https://m.example/debian-security bookworm-security main\n");
  CHECK(shown(mirror_sources({"file:///nowhere/debian"}, "bookworm")) ==
        "file:///nowhere/debian bookworm main\n");
}

TEST_CASE("format_sources: passes keys on that stand in the file") {
  const auto sources = parse_deb822_sources(
      "Types: deb\nURIs: http://a\nSuites: s\nComponents: main\nSigned-By:\n -----BEGIN PGP\n .\n"
      " abc\n",
      "f");
  CHECK(format_sources(sources, "amd64") ==
        "Types: deb\nURIs: http://a\nSuites: s\nComponents: main\nArchitectures: amd64\n"
        "Signed-By: \n -----BEGIN PGP\n .\n abc\n\n");
}

TEST_CASE("machine_sources: reads lists in order, skips what is broken, follows mirror lists") {
  const TemporaryDirectory etc(temporary());
  make_directories(etc.path() / "sources.list.d");
  const auto put = [&](const char* name, std::string_view text) {
    replace_file(etc.path() / name, text, 0644, Durability::buffered);
  };
  put("sources.list", "deb http://first s main\n");
  put("mirrors.list",
      "# ours\nhttp://one.example/debian\tpriority:1\nhttps://two.example/debian/\n");
  put("sources.list.d/a.sources",
      "Types: deb\nURIs: mirror+file:" + (etc.path() / "mirrors.list").string() +
          "\nSuites: s\nComponents: main\n");
  put("sources.list.d/b.sources", "nonsense\n");
  put("sources.list.d/c.list", "deb http://last s main\n");
  put("sources.list.d/d.list.disabled", "deb http://never s main\n");
  CHECK(shown(machine_sources(etc.path())) ==
        "http://first s main\nhttp://one.example/debian s main\nhttps://two.example/debian s main\n"
        "http://last s main\n");
  CHECK(machine_sources(etc.path() / "absent").empty());
}

}  // namespace
}  // namespace cullet::environment
