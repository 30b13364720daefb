// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/build/build.hpp"

namespace cullet::build {

/// Makes the result of one node whose dependencies all have records. One function per kind.
store::ActionRecord run_action(const Context& context,
                               const plan::Plan& plan,
                               const plan::Node& node);

store::ActionRecord run_component(const Context& context,
                                  const plan::Plan& plan,
                                  const plan::Node& node);
store::ActionRecord run_files(const Context& context, const plan::Node& node);
store::ActionRecord run_layer(const Context& context,
                              const plan::Plan& plan,
                              const plan::Node& node);
store::ActionRecord run_image(const Context& context,
                              const plan::Plan& plan,
                              const plan::Node& node);
store::ActionRecord run_image_test(const Context& context,
                                   const plan::Plan& plan,
                                   const plan::Node& node);

/// What the programs of an image get: the recipe's variables, and a PATH where it has none.
std::map<std::string, std::string> environment_of(const workspace::ImageConfig& config);

/// Layers must not hide each other's files, and every declared owner and mode must meet a file:
/// throws Kind::input. For image and test nodes: their tests run beside the assembly of the image.
void check_contents(const Context& context, const plan::Plan& plan, const plan::Node& node);

/// The value that a node's dependency called `label` gives it; Kind::internal if there is none.
Json value_of(const plan::Plan& plan, const plan::Node& node, std::string_view label);
/// The trees of all dependencies whose label starts with `prefix`, in their order.
std::vector<store::Tree> trees_of(const Context& context,
                                  const plan::Plan& plan,
                                  const plan::Node& node,
                                  std::string_view prefix);

/// A record that holds one tree: {"tree": DIGEST}.
store::ActionRecord tree_record(const store::Tree& tree);

}  // namespace cullet::build
