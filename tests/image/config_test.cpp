// SPDX-License-Identifier: Apache-2.0
#include "archive/golden.hpp"
#include "support.hpp"

namespace cullet::image {
namespace {

Config full_config() {
  Config config;
  config.architecture = "arm64";
  config.created = 1700000000;
  config.entrypoint = {"/usr/sbin/nginx", "-g", "daemon off;"};
  config.cmd = {"x"};
  config.env = {"A=1", "PATH=/usr/bin"};
  config.user = "101:101";
  config.working_dir = "/srv";
  config.stop_signal = "SIGQUIT";
  config.ports = {"443/tcp", "80/tcp"};
  config.volumes = {"/data"};
  config.labels = {{"maintainer", "\xc5\x91"}};
  config.layers = {{DiffId(sha256("a")), "first"}, {DiffId(sha256("b")), "second"}};
  return config;
}

TEST_CASE("Config: canonical JSON with one history entry a layer") {
  const auto bytes = full_config().serialize();
  archive::check_golden("assembly-1-config.json", bytes);
  const auto json = parse_json(bytes, "x");
  CHECK(json.at("os") == "linux");
  CHECK(json.at("created") == "2023-11-14T22:13:20Z");
  CHECK(json.at("history").size() == 2);
  CHECK(json.at("history")[1].at("created_by") == "second");
  CHECK(json.at("rootfs").at("diff_ids").size() == 2);
  CHECK(json.at("config").at("Labels").at("org.cullet.assembly") == "1");
  CHECK(json.at("config").at("ExposedPorts").dump() == R"({"443/tcp":{},"80/tcp":{}})");
}

TEST_CASE("Config: parses back to the same") {
  const auto bytes = full_config().serialize();
  const auto parsed = Config::parse(bytes, "x");
  CHECK(parsed.serialize() == bytes);
  CHECK(parsed.layers.at(1).created_by == "second");
  CHECK(parsed.created == 1700000000);
  CHECK(parsed.labels.at("org.cullet.assembly") == "1");
}

TEST_CASE("Config: leaves out what is empty") {
  const auto json = parse_json(Config().serialize(), "x");
  CHECK(json.at("config").size() == 1);  // the assembly's label
  CHECK(json.at("rootfs").at("diff_ids").empty());
}

TEST_CASE("Config: reads what Docker writes") {
  const auto digest = DiffId(sha256("a")).str();
  const auto config = Config::parse(
      cat(R"({"architecture":"amd64","created":"2024-01-02T03:04:05.123456789Z","variant":"v8",)",
          R"("config":{"Entrypoint":null,"Cmd":["sh"],"Labels":null,"Healthcheck":{"Interval":1}},)",
          R"("history":[{"created_by":"/bin/sh -c #(nop) ENV","empty_layer":true},{"created_by":"ADD"}],)",
          R"("rootfs":{"type":"layers","diff_ids":[")",
          digest,
          R"("]}})"),
      "x");
  CHECK(config.created == 1704164645);
  CHECK(config.entrypoint.empty());
  CHECK(config.cmd == std::vector<std::string>{"sh"});
  REQUIRE(config.layers.size() == 1);
  CHECK(config.layers[0].created_by == "ADD");
}

TEST_CASE("Config: malformed ones are refused by name") {
  for (const char* const bytes :
       {"",
        "[]",
        "{}",
        R"({"architecture":"amd64"})",
        R"({"architecture":"amd64","rootfs":{"diff_ids":["sha256:xyz"]}})",
        R"({"architecture":"amd64","config":[],"rootfs":{}})",
        R"({"architecture":"amd64","config":{"Env":"A=1"},"rootfs":{}})",
        R"({"architecture":"amd64","config":{"Env":[1]},"rootfs":{}})",
        R"({"architecture":"amd64","config":{"Volumes":[]},"rootfs":{}})",
        R"({"architecture":"amd64","history":{},"rootfs":{}})"}) {
    const auto error = failure([&] { (void)Config::parse(bytes, "config of x"); });
    INFO(bytes);
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(), Catch::Contains("config of x"));
  }
}

}  // namespace
}  // namespace cullet::image
