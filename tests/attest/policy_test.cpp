// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/policy.hpp"

#include <catch2/catch.hpp>

#include "cullet/attest/provenance.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/plan/carried.hpp"

#include "fork_url.hpp"
#include "purl_parts.hpp"
#include "sample.hpp"

namespace cullet::attest {
namespace {

constexpr std::int64_t kFinished = 1'000'000;

/// The sample's image with what a build says of it.
struct Case {
  Sample sample;
  Evidence evidence;

  Case() {
    const auto& target = sample.plan.targets[0];
    Circumstances circumstances;
    circumstances.builder = "urn:test";
    circumstances.finished = kFinished;
    for (const auto& path : workspace_files(sample.plan, target))
      circumstances.files[path] = sha256(path);
    evidence.statements.push_back(
        {std::string(kProvenanceType), provenance(sample.plan, target, circumstances)});
    evidence.now = kFinished + 3600;
    evidence.manifest.emplace();
    annotate({{"expires", "1970-01-13"}});
  }
  void annotate(Json more) {
    more.update({{"fork", "zlib"}, {"patch", "zlib/fix.patch"}, {"fixes", {"CVE-2023-45853"}}});
    evidence.manifest->annotations[std::string(plan::kPatchesAnnotation)] =
        canonical(Json::array({more}));
  }
  [[nodiscard]] Ruling only(const std::string& rules) const {
    const auto policy = workspace::parse_policy(
        "signatures: { release: [a.pub], attestations: [b.pub] }\n" + rules, "policy.yaml");
    const auto rulings = judge(policy, evidence);
    REQUIRE(rulings.size() == 1);
    return rulings[0];
  }
};

void check(const Ruling& ruling, bool passed, const std::string& reason) {
  INFO(ruling.rule << ": " << ruling.reason);
  CHECK(ruling.passed == passed);
  CHECK(ruling.reason.find(reason) != std::string::npos);
}

TEST_CASE("judge: what a build says of itself decides every rule") {
  Case c;
  check(c.only("builders: ['urn:other', 'urn:test']"), true, "urn:test");
  check(c.only("builders: ['urn:tes']"), false, "the builder is 'urn:test'");
  check(c.only("recipes: [zlib]"), true, "zlib");
  check(c.only("assembly: [1]"), true, "contract 1");
  check(c.only("forks: { urls: [git.example.com] }"), true, "1 fork");
  check(c.only("forks: { imports: true }"), false, "git+https://git.example.com/zlib.git");
  check(c.only("packages: { libc6: 2.36 }"), true, "libc6 2.36");
  check(c.only("packages: { libc6: 2.36.1 }"), false, "libc6 2.36 is older than 2.36.1");
  check(c.only("packages: { glibc: 2.36.1 }"), false, "libc6 2.36 is older");
  check(c.only("packages: { perl: 99 }"), true, "it has no perl but what a fork may bundle");
  // It is in the environment; what steps took from there, nobody knows.
  check(c.only("packages: { gcc: 12 }"), true, "gcc 12.2, which it was built with");
  check(
      c.only("packages: { gcc: 99 }"), false, "gcc 12.2 is older than 99; it was built with that");
  check(c.only("packages: { gcc-defaults: 99 }"), false, "it was built with that");
  check(c.only("fixed: { CVE-1: { gcc: 99 } }"), false, "it was built with that");
  check(c.only("packages: { zlib: 1.2.14 }"), false, "zlib 1.2.13 is older");
  check(c.only("max_age: 1h"), true, "built at 1970-01-12T13:46:40Z");
}

TEST_CASE("judge: a fork or a package that is called as a source is hides nothing of that source") {
  for (const bool by_fork : {true, false}) {
    Case c;
    auto& dependencies =
        c.evidence.statements[0].predicate["buildDefinition"]["resolvedDependencies"];
    Json more;
    for (auto& one : dependencies)
      if (by_fork && one["name"] == "fork zlib") {
        one["annotations"]["fork"] = "glibc";
        one["annotations"]["version"] = "9.0";
      } else if (!by_fork && one["name"] == "libc6") {
        more = one;
      }
    if (!by_fork) {
      more["name"] = "glibc";
      more["uri"] = "pkg:deb/debian/glibc@9.0?arch=amd64&upstream=glibc%409.0";
      dependencies.push_back(more);
    }
    check(c.only("packages: { glibc: 2.36 }"), true, by_fork ? "glibc 9.0" : "libc6 2.36");
    check(c.only("packages: { glibc: 2.99 }"), false, "libc6 2.36 is older than 2.99");
    check(c.only("fixed: { CVE-1: { glibc: 2.99 } }"), false, "libc6 2.36 is older than 2.99");
  }
}

TEST_CASE("judge: age counts to the second, and clocks may differ a little") {
  Case c;
  c.evidence.now = kFinished + 3601;
  check(c.only("max_age: 1h"), false, "more than 1 h ago");
  c.evidence.now = kFinished - 300;
  check(c.only("max_age: 1h"), true, "");
  c.evidence.now = kFinished - 301;
  check(c.only("max_age: 1h"), false, "yet to come");
}

TEST_CASE("judge: a patch stands until the end of its day") {
  Case c;
  const auto day = *parse_time("1970-01-13");
  c.evidence.now = day + 86'399;
  check(c.only("patches: { expire: true }"), true, "1 patch, none past");
  c.evidence.now = day + 86'400;
  check(c.only("patches: { expire: true }"), false, "stood until 1970-01-13");
  c.annotate({{"expires", "tomorrow"}});
  check(c.only("patches: { expire: true }"), false, "can't be read: 'tomorrow'");
  c.annotate(Json::object());
  check(c.only("patches: { expire: true }"), false, "has no date");
  c.evidence.manifest->annotations.clear();
  check(c.only("patches: { expire: true }"), false, "does not say how long");
  c.evidence.manifest->annotations[std::string(plan::kPatchesAnnotation)] = "{";
  check(c.only("patches: { expire: true }"), false, "org.cullet.patches");
  c.evidence.manifest->annotations[std::string(plan::kPatchesAnnotation)] = "[7]";
  check(c.only("patches: { expire: true }"), false, "org.cullet.patches");
  c.annotate({{"expires", "1970-01-13"}});
  c.evidence.now = day;
  c.evidence.manifest->annotations[std::string(image::kEditsAnnotation)] = "zlib";
  check(c.only("patches: { expire: true }"), false, "unsaved edits of zlib");
}

TEST_CASE("judge: an advisory is fixed by VEX, a patch or versions, in this order") {
  Case c;
  check(c.only("fixed: { CVE-2023-45853: {} }"), true, "by patch 'zlib/fix.patch'");
  check(c.only("fixed: { CVE-1: {} }"), false, "no patch or VEX");
  check(c.only("fixed: { CVE-1: { zlib: 1.2.13, openssl: 3 } }"),
        true,
        "it has no openssl but what a fork may bundle; zlib 1.2.13");
  check(c.only("fixed: { CVE-1: { zlib: 1.2.14, openssl: 3 } }"), false, "older than 1.2.14");
  const auto vex = [&](const std::string& status, const std::string& time, const Json& about) {
    c.evidence.statements.push_back(
        {std::string(kVexType),
         {{"timestamp", time},
          {"statements", Json::array({{{"vulnerability", about}, {"status", status}}})}}});
  };
  vex("affected", "2024-02-01T00:00:00Z", {{"name", "CVE-2023-45853"}});
  check(c.only("fixed: { CVE-2023-45853: {} }"), false, "VEX says affected");
  vex("not_affected", "2024-01-01T00:00:00Z", {{"name", "CVE-2023-45853"}});
  check(c.only("fixed: { CVE-2023-45853: {} }"), false, "VEX says affected");
  vex("not_affected", "2024-03-01T00:00:00Z", {{"name", "x"}, {"aliases", {"CVE-2023-45853"}}});
  check(c.only("fixed: { CVE-2023-45853: {} }"), true, "VEX says not_affected");
  vex("under_investigation", "2024-03-01T00:00:00Z", "CVE-2023-45853");
  check(c.only("fixed: { CVE-2023-45853: {} }"), false, "VEX says under_investigation");
  vex("fixed", "yesterday", "CVE-7");
  check(c.only("fixed: { CVE-7: {} }"), false, "'yesterday' is no time");
}

TEST_CASE("judge: the provenance that does best counts, and only a whole one") {
  Case c;
  auto other = c.evidence.statements[0];
  other.predicate["runDetails"]["builder"]["id"] = "urn:other";
  other.predicate["runDetails"].erase("metadata");
  c.evidence.statements.push_back(other);
  check(c.only("builders: ['urn:other']"), true, "urn:other");
  const auto rulings =
      judge(workspace::parse_policy("signatures: { release: [a], attestations: [b] }\n"
                                    "builders: ['urn:other']\nmax_age: 1h\n",
                                    "policy.yaml"),
            c.evidence);
  CHECK(rulings.size() == 2);
  CHECK(rulings[0].passed != rulings[1].passed);
}

TEST_CASE("judge: without a statement, a rule says what is there instead") {
  Case c;
  c.evidence.statements.clear();
  check(c.only("max_age: 1h"), false, "there is no provenance by a key of this policy");
  check(c.only("statements: [sbom]"), false, "there is no SBOM");
  c.evidence.ignored.push_back({"https://spdx.dev/Document", "it is about another image"});
  check(c.only("max_age: 1h"), false, "there is no provenance");
  c.evidence.ignored.insert(c.evidence.ignored.begin(), {"", "it is of no known form"});
  check(c.only("statements: [sbom]"), false, "no SBOM counts: it is about another image");
  c.evidence.ignored.erase(c.evidence.ignored.begin());
  c.evidence.ignored.push_back({"", "it is larger than 10.0 MiB"});
  check(c.only("max_age: 1h"), false, "no provenance counts: it is larger");
  c.evidence.statements.push_back({"https://cyclonedx.org/bom", Json::object()});
  check(c.only("statements: [sbom]"), true, "");
  check(c.only("statements: [spdx]"), false, "");
  check(c.only("statements: [vex]"), false, "no vex counts");
  c.evidence.manifest->annotations.clear();
  check(c.only("statements: [vex]"), true, "no patch of it fixes an advisory");
  for (const auto* text : {"{", "7", "[7]", "{\"fixes\": []}", "[{\"fixes\": 7}]"}) {
    c.evidence.manifest->annotations[std::string(plan::kPatchesAnnotation)] = text;
    check(c.only("statements: [vex]"), false, "no vex counts");
  }
}

TEST_CASE("judge: VEX is needed where provenance has a fix, and where nobody can tell") {
  Case c;
  c.evidence.manifest->annotations.clear();
  check(c.only("statements: [vex]"), false, "there is no vex by a key of this policy");
  c.evidence.statements.clear();
  check(c.only("statements: [vex]"), true, "no patch of it fixes an advisory");
  c.evidence.manifest.reset();
  check(c.only("statements: [vex]"), false, "it is no OCI image manifest");
  c = Case();
  c.evidence.manifest.reset();
  check(c.only("patches: { expire: true }"), false, "it is no OCI image manifest");
  c.evidence.statements.push_back({std::string(kVexType), Json::object()});
  check(c.only("statements: [vex]"), true, "there, by a key of this policy");
}

TEST_CASE("judge: any form of a statement is a rule that fails, never more") {
  const Case whole;
  const auto& predicate = whole.evidence.statements[0].predicate;
  const auto flat = predicate.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    for (const auto& wrong : {Json(nullptr), Json(7), Json("x"), Json::array(), Json::object()}) {
      Case c;
      c.evidence.statements[0].predicate[Json::json_pointer(pointer)] = wrong;
      INFO(pointer << " = " << wrong);
      const auto policy = workspace::parse_policy(
          "signatures: { release: [a], attestations: [b] }\nbuilders: ['urn:test']\n"
          "recipes: [zlib]\nassembly: [1]\nforks: { urls: [git.example.com] }\n"
          "patches: { expire: true }\nfixed: { CVE-1: { zlib: 1 } }\npackages: { libc6: 1 }\n"
          "max_age: 1h\n",
          "policy.yaml");
      CHECK(judge(policy, c.evidence).size() == 8);
    }
  }
}

TEST_CASE("is_allowed_fork_url: hosts, ports, paths") {
  const auto allowed = is_allowed_fork_url;
  CHECK(allowed("git.example.com", "git+https://git.example.com/x.git"));
  CHECK(allowed("git.example.com", "git+ssh://git@git.example.com/x.git"));
  CHECK(allowed("git.example.com", "git+https://GIT.example.com:443/x.git"));
  CHECK_FALSE(allowed("git.example.com", "git+http://git.example.com/x.git"));
  CHECK_FALSE(allowed("git.example.com", "git+https://git.example.com:8443/x.git"));
  CHECK(allowed("*.example.com", "git+https://a.b.example.com/x"));
  CHECK_FALSE(allowed("*.example.com", "git+https://example.com/x"));
  CHECK_FALSE(allowed("*.example.com", "git+https://evilexample.com/x"));
  CHECK(allowed("http://git.example.com", "git+http://git.example.com/any/path"));
  CHECK(
      allowed("https://git.example.com:8443/forks/*", "git+https://git.example.com:8443/forks/x"));
  CHECK_FALSE(allowed("https://git.example.com/forks/*", "git+https://git.example.com/forks"));
  CHECK_FALSE(allowed("https://git.example.com/forks/*", "git+https://git.example.com/other/x"));
}

TEST_CASE("is_allowed_fork_url: what only looks like an allowed place is none") {
  const std::string pattern = GENERATE("git.example.com", "https://git.example.com/forks/**");
  const std::string uri = GENERATE(as<std::string>{},
                                   "git+https://git.example.com.evil.test/forks/x",
                                   "git+https://git.example.com@evil.test/forks/x",
                                   "git+https://git.example.com:443@evil.test/forks/x",
                                   "git+https://evil.test/git.example.com/forks/x",
                                   "git+https://evil.test?@git.example.com/forks/x",
                                   "git+https://evil.test#@git.example.com/forks/x",
                                   "git+https://evil.test\\@git.example.com/forks/x",
                                   "git+https://git.example.com\n.evil.test/forks/x",
                                   "git+https://git.example.com./forks/x",
                                   "git+file:///git.example.com/forks/x",
                                   "git.example.com/forks/x",
                                   "");
  INFO(pattern << " and " << uri);
  CHECK_FALSE(is_allowed_fork_url(pattern, uri));
}

TEST_CASE("is_allowed_fork_url: a path that servers may read otherwise is none") {
  for (const auto* path :
       {"forks/../evil", "forks//x", "forks/%2e%2e/evil", "forks/x?y", "./forks/x"})
    CHECK_FALSE(is_allowed_fork_url("https://git.example.com/forks/**",
                                    cat("git+https://git.example.com/", path)));
}

TEST_CASE("PurlParts: what deb_purl() writes comes back") {
  const auto purl = PurlParts::parse(
      "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&upstream=gcc-12%4012.2.0");
  REQUIRE(purl);
  CHECK(purl->type == "deb");
  CHECK(purl->name == "libstdc++6");
  CHECK(purl->version == "12.2.0-14+deb12u1");
  CHECK(purl->qualifiers.at("upstream") == "gcc-12@12.2.0");
  for (const auto* text :
       {"", "pkg:", "pkg:deb", "deb/debian/x@1", "pkg:deb/", "pkg:deb/%zz@1", "pkg:deb/x?a=%"})
    CHECK_FALSE(PurlParts::parse(text));
}

}  // namespace
}  // namespace cullet::attest
