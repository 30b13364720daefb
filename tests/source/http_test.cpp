// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>
#include <random>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cullet/base/text.hpp"

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;
namespace fs = std::filesystem;

namespace {

struct HttpFixture : Fixture {
  GitRepo repo{path("srv/x.git")};
  std::string pin;
  GitServer server{path("srv"), "me:se cret"};

  HttpFixture() {
    std::mt19937 random(1);
    std::string noise;
    for (int i = 0; i < 60'000; ++i)
      noise += static_cast<char>(random() % 256);
    repo.write("noise", noise);
    repo.write("x", "1\n");
    pin = repo.commit("first");
  }
  workspace::Fork at(const std::string& how, const std::string& commit) const {
    return fork(server.url(how + "/x.git"), commit);
  }
  PinInfo get(const std::string& how) const { return ensure_pin(context(), at(how, pin)); }
  std::string refusal(Kind kind, const std::string& how) const {
    return error_of(kind, [&] { get(how); });
  }
};

}  // namespace

TEST_CASE("http: clones, then brings only what is new, then needs nothing") {
  HttpFixture f;
  std::vector<std::string> progress;
  f.progress = [&](const std::string& text) { progress.push_back(text); };
  CHECK(f.get("plain").commit == f.pin);
  CHECK(f.server.requests().size() == 2);
  REQUIRE_FALSE(progress.empty());
  CHECK_THAT(progress.back(), Catch::Contains("fetching demo: "));
  CHECK(f.get("plain").commit == f.pin);
  CHECK(f.server.requests().empty());
  f.repo.write("y", "2\n");
  const auto second = f.repo.commit("second");
  CHECK(ensure_pin(f.context(), f.at("plain", second)).commit == second);
  CHECK(slurp(prepare(f.context(), f.at("plain", second)).root / "y") == "2\n");
}

TEST_CASE("http: follows a redirect, and goes on where it led to") {
  HttpFixture f;
  CHECK(f.get("redirect").commit == f.pin);
  const auto requests = f.server.requests();
  REQUIRE(requests.size() == 3);
  CHECK_THAT(requests[2], Catch::StartsWith("POST /plain/x.git/git-upload-pack"));
}

TEST_CASE("http: what is for one origin stays there when it leads to another") {
  HttpFixture f;
  GitServer other(f.path("srv"), "you:too");
  const auto host = cat("localhost:", f.server.authority().substr(10));
  const auto fork = [&](const std::string& how) {
    return f.fork(cat("http://", host, "/away/", other.authority(), "/", how, "/x.git"), f.pin);
  };
  const auto helper = [&](const std::string& answer) {
    spew(f.path("helper"),
         cat("#!/bin/sh\nread -r _; read -r host; echo \"$1 $host\" >>\"$0.log\"\n",
             "[ \"$1 $host\" != 'get host=",
             answer,
             "\nexit 0\n"));
    REQUIRE(::chmod(f.path("helper").c_str(), 0755) == 0);
    spew(f.path("home/.gitconfig"),
         cat("[credential]\n helper = ", f.path("helper").string(), "\n"));
  };
  const auto none = [](const std::vector<std::string>& requests) {
    REQUIRE_FALSE(requests.empty());
    return std::all_of(requests.begin(), requests.end(), [](const auto& request) {
      return request.ends_with(" -");
    });
  };
  SECTION("a login") {
    spew(f.path("home/.netrc"), "machine localhost login me password \"se cret\"\n");
    CHECK(ensure_pin(f.context(), fork("plain")).commit == f.pin);
    CHECK(f.server.requests().back().ends_with("Basic bWU6c2UgY3JldA=="));
    CHECK(none(other.requests()));
  }
  SECTION("extra headers") {
    f.environment["GIT_CONFIG_COUNT"] = "2";
    f.environment["GIT_CONFIG_KEY_0"] = f.environment["GIT_CONFIG_KEY_1"] =
        cat("http.http://", host, "/.extraheader");
    f.environment["GIT_CONFIG_VALUE_0"] = "Authorization: Basic bWU6c2UgY3JldA==";
    f.environment["GIT_CONFIG_VALUE_1"] = "Private-Token: t1";
    CHECK(ensure_pin(f.context(), fork("plain")).commit == f.pin);
    CHECK(f.server.requests().back().ends_with("Basic bWU6c2UgY3JldA== token t1"));
    CHECK(none(other.requests()));
  }
  SECTION("the other one's own login is used there") {
    spew(f.path("home/.netrc"),
         "machine localhost login me password \"se cret\"\n"
         "machine 127.0.0.1 login you password too\n");
    CHECK(ensure_pin(f.context(), fork("private")).commit == f.pin);
    const auto requests = other.requests();
    CHECK(requests.front().ends_with(" -"));
    CHECK(requests.back().ends_with("Basic eW91OnRvbw=="));
  }
  SECTION("the other one's refusal says nothing of a login") {
    helper(cat(host, "' ] || printf 'username=me\\npassword=se cret\\n'"));
    const auto text = error_of(Kind::machine, [&] { ensure_pin(f.context(), fork("private")); });
    CHECK_THAT(text, Catch::Contains(cat(other.authority(), "/private/x.git refuses access")));
    CHECK(none(other.requests()));
    CHECK(slurp(f.path("helper.log")) ==
          cat("get host=", host, "\nget host=", other.authority(), "\n"));
  }
}

TEST_CASE("http: nobody is asked for a login, whatever program there is to ask") {
  HttpFixture f;
  spew(f.path("ask"), "#!/bin/sh\necho \"$1\" >>\"$0.log\"\necho me\n");
  REQUIRE(::chmod(f.path("ask").c_str(), 0755) == 0);
  const auto how = GENERATE("GIT_ASKPASS", "SSH_ASKPASS", "core.askPass");
  INFO(how);
  if (std::string_view(how) == "core.askPass")
    spew(f.path("home/.gitconfig"), cat("[core]\n askPass = ", f.path("ask").string(), "\n"));
  else
    f.environment[how] = f.path("ask").string();
  CHECK_THAT(f.refusal(Kind::machine, "private"),
             Catch::Contains("no credentials for it were found"));
  CHECK_FALSE(fs::exists(f.path("ask.log")));
}

TEST_CASE("http: logs in with what the URL, netrc, a helper or an extra header say") {
  HttpFixture f;
  const std::string login = "Basic bWU6c2UgY3JldA==";
  SECTION("URL") {
    const auto url = cat("http://me:se%20cret@", f.server.authority(), "/private/x.git");
    CHECK(ensure_pin(f.context(), f.fork(url, f.pin)).commit == f.pin);
  }
  SECTION("netrc") {
    spew(f.path("home/.netrc"), "machine 127.0.0.1 login me password \"se cret\"\n");
    CHECK(f.get("private").commit == f.pin);
  }
  SECTION("helper") {
    spew(f.path("helper"),
         "#!/bin/sh\ncat >> \"$0.$1\"\n[ \"$1\" != get ] || printf 'username=me\\npassword=se "
         "cret\\n'\n");
    REQUIRE(::chmod(f.path("helper").c_str(), 0755) == 0);
    spew(f.path("home/.gitconfig"),
         cat("[credential]\n helper = ", f.path("helper").string(), "\n"));
    CHECK(f.get("private").commit == f.pin);
    CHECK_THAT(slurp(f.path("helper.get")), Catch::Contains("host=" + f.server.authority()));
    CHECK_THAT(slurp(f.path("helper.store")), Catch::Contains("password=se cret"));
  }
  SECTION("extra header") {
    f.environment["GIT_CONFIG_COUNT"] = "1";
    f.environment["GIT_CONFIG_KEY_0"] = cat("http.http://", f.server.authority(), "/.extraheader");
    f.environment["GIT_CONFIG_VALUE_0"] = "AUTHORIZATION: " + login;
    CHECK(f.get("private").commit == f.pin);
  }
  const auto requests = f.server.requests();
  CHECK(requests.back().ends_with(login));
}

TEST_CASE("http: a login that isn't accepted is named, without its password") {
  HttpFixture f;
  CHECK_THAT(f.refusal(Kind::machine, "private"),
             Catch::Contains("no credentials for it were found"));
  spew(f.path("home/.netrc"), "machine 127.0.0.1 login me password wrongpassword\n");
  const auto url = cat("http://me:wrongtoo@", f.server.authority(), "/private/x.git");
  const auto text = error_of(Kind::machine, [&] { ensure_pin(f.context(), f.fork(url, f.pin)); });
  CHECK_THAT(
      text, Catch::Contains("tried the credentials of the URL, " + f.path("home/.netrc").string()));
  CHECK_THAT(text, !Catch::Contains("wrong"));
}

TEST_CASE("http: absent repositories, web pages and refusing servers") {
  HttpFixture f;
  const auto absent = f.fork(f.server.url("plain/none.git"), f.pin);
  CHECK_THAT(error_of(Kind::input, [&] { ensure_pin(f.context(), absent); }),
             Catch::Contains("there is no git repository at"));
  CHECK_THAT(f.refusal(Kind::input, "html"),
             Catch::Contains("is no git repository that can be cloned"));
  CHECK_THAT(f.refusal(Kind::machine, "broken"), Catch::Contains("HTTP 501"));
  const auto nobody = f.fork("http://127.0.0.1:1/x.git", f.pin);
  CHECK_THAT(error_of(Kind::machine, [&] { ensure_pin(f.context(), nobody); }),
             Catch::Contains("cannot reach http://127.0.0.1:1/"));
}

TEST_CASE(
    "http: certificates are checked, against http.sslCAInfo where git's configuration has it") {
  HttpFixture f;
  const auto certificate = f.path("cert.pem").string(), key = f.path("key.pem").string();
  run({"openssl",
       "req",
       "-x509",
       "-newkey",
       "ec",
       "-pkeyopt",
       "ec_paramgen_curve:P-256",
       "-nodes",
       "-keyout",
       key,
       "-out",
       certificate,
       "-days",
       "2",
       "-subj",
       "/CN=test",
       "-addext",
       "subjectAltName=IP:127.0.0.1"},
      f.directory_.path());
  GitServer const tls(f.path("srv"), "", {certificate, key});
  const auto fork = f.fork(cat("https://", tls.authority(), "/plain/x.git"), f.pin);
  const auto text = error_of(Kind::machine, [&] { ensure_pin(f.context(), fork); });
  CHECK_THAT(text, Catch::Contains("ertificate"));
  spew(f.path("home/.gitconfig"), cat("[http]\n sslVerify = false\n"));
  static_cast<void>(error_of(Kind::machine, [&] { ensure_pin(f.context(), fork); }));
  spew(f.path("home/.gitconfig"), cat("[http]\n sslCAInfo = ", certificate, "\n"));
  CHECK(ensure_pin(f.context(), fork).commit == f.pin);
}

TEST_CASE("http: http.proxy is used, and named when it can't be reached") {
  HttpFixture f;
  spew(f.path("home/.gitconfig"), "[http]\n proxy = http://127.0.0.1:1\n");
  static_cast<void>(f.refusal(Kind::machine, "plain"));
  CHECK(f.server.requests().empty());
}

TEST_CASE("http: a SHA-256 repository is refused with a reason") {
  HttpFixture f;
  GitRepo other(f.path("srv/sha256.git"), {"--object-format=sha256"});
  other.commit("x");
  CHECK_THAT(
      error_of(Kind::input,
               [&] { ensure_pin(f.context(), f.fork(f.server.url("plain/sha256.git"), f.pin)); }),
      Catch::Contains("is a SHA-256 repository"));
}

TEST_CASE("http: a server that hangs up amid a pack leaves the mirror as it was") {
  HttpFixture f;
  static_cast<void>(f.refusal(Kind::machine, "cut"));
  // The same mirror, now by a way that works.
  spew(f.path("home/.gitconfig"),
       cat("[url \"", f.server.url("plain/"), "\"]\n insteadOf = ", f.server.url("cut/"), "\n"));
  CHECK(f.get("cut").commit == f.pin);
}

TEST_CASE("http: cancelling stops a transfer that hangs") {
  HttpFixture f;
  std::thread stopper([&] {
    for (auto line = f.server.next_event(); !line.empty() && line != "stalled";)
      line = f.server.next_event();
    f.cancel.request();
  });
  CHECK_THAT(f.refusal(Kind::interrupted, "stall"), Catch::Contains("error"));
  stopper.join();
}

TEST_CASE("http: kill -9 amid a pack leaves a mirror that goes on") {
  HttpFixture f;
  const auto child = ::fork();
  if (child == 0) {
    try {
      f.get("stall");
    } catch (const Error&) {
    }
    ::_exit(0);
  }
  for (auto line = f.server.next_event(); !line.empty() && line != "stalled";)
    line = f.server.next_event();
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  spew(f.path("home/.gitconfig"),
       cat("[url \"", f.server.url("plain/"), "\"]\n insteadOf = ", f.server.url("stall/"), "\n"));
  CHECK(f.get("stall").commit == f.pin);
  for (const auto& entry : fs::recursive_directory_iterator(f.store.forks_directory()))
    CHECK(entry.path().filename().string().find("_git2_") == std::string::npos);
}
