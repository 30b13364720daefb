// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "../command.hpp"
#include "../reproduction.hpp"
#include "../signed_image.hpp"

namespace cullet::cli {

namespace {

struct ReproduceOptions {
  std::string reference, sign, rebuilder;
  ImageKeys keys;
};

ReproductionOptions keys_of(Session& session, const ReproduceOptions& options) {
  ReproductionOptions out{.release = session.public_key(options.keys.release),
                          .statements = session.public_key(options.keys.release),
                          .rebuilder = std::nullopt,
                          .rebuilder_name = options.rebuilder};
  auto statements = builder_key(session, options.keys);
  if (!statements)
    throw Error(Kind::input, "the key that the builder's statements are signed with is not known")
        .hint("name it: --attest-key attest.pub");
  out.statements = std::move(*statements);
  if (!options.rebuilder.empty() && options.rebuilder.find(':') == std::string::npos)
    throw Error(Kind::usage, cat("--rebuilder ", printable(options.rebuilder), " is no URI"))
        .hint("such as https://rebuilds.example.com or urn:example:auditor");
  if (!options.sign.empty())
    out.rebuilder = session.private_key(options.sign);
  else if (!options.rebuilder.empty())
    throw Error(Kind::usage, "--rebuilder goes with --sign");
  return out;
}

Json to_json(const Reproduction& done, const ResolvedImage& image) {
  Json out{{"reference", image.reference.str()},
           {"digest", done.target.before},
           {"recipe", done.recipe},
           {"same", done.target.same()},
           {"rebuilt", done.target.after},
           {"inputs", {{"count", done.inputs}, {"bytes", done.input_bytes}}},
           {"varied", done.varied}};
  if (!done.target.same())
    out["difference"] = done.target.difference;
  if (!done.rebuilder_name.empty())
    out["summary"] = {{"verifier", done.rebuilder_name}, {"added", done.added}};
  return out;
}

int reproduce(Session& session, const ReproduceOptions& options) {
  const auto keys = keys_of(session, options);
  auto image = resolve_image(session, options.reference);
  ProgressView view(session.environment());
  const auto done = with_context([&] { return cat("reproducing ", image_name(image)); },
                                 [&] { return reproduce(session, image, keys, view); });
  if (session.options().json)
    session.print(to_json(done, image));
  if (!done.target.same()) {
    Error error(Kind::refused, cat(image_name(image), " was not reproduced"));
    error.detail(cat("the same inputs gave ", done.target.after));
    add_difference(error, done.target);
    throw std::move(error.hint("the other machine had " + join(done.varied, ", ")));
  }
  if (session.options().json)
    return 0;
  auto& out = session.environment().out;
  out << cat("reproduced ",
             image_name(image),
             ": ",
             done.inputs,
             " inputs (",
             human_size(done.input_bytes),
             ") gave the same on a machine with ",
             join(done.varied, ", "),
             "\n");
  if (!done.rebuilder_name.empty())
    out << cat(done.added ? "said so as " : "already said by ", done.rebuilder_name, "\n");
  return 0;
}

}  // namespace

void register_reproduce(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ReproduceOptions>();
  auto* command =
      add_command(app,
                  "reproduce",
                  "build a published image again from the inputs beside it; 3 if it differs",
                  "cullet reproduce registry.example.com/nginx:1.22.1 --key release.pub\n"
                  "  cullet reproduce oci:audit:nginx --key release.pub --sign mine.pem");
  command->add_option("ref", options->reference, kReference)->required();
  add_key_options(*command, options->keys);
  command
      ->add_option("--sign",
                   options->sign,
                   "a rebuilder's private key: attach a verification summary when it is the same")
      ->type_name("FILE");
  command
      ->add_option("--rebuilder",
                   options->rebuilder,
                   "who the rebuilder is, in the summary [a URN made of its key]")
      ->type_name("URI");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return reproduce(session, *options); };
  });
}

}  // namespace cullet::cli
