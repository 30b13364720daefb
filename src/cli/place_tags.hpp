// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cullet/image/repository.hpp"
#include "cullet/plan/tags.hpp"
#include "cullet/registry/copy.hpp"
#include "cullet/registry/reference.hpp"
#include "cullet/store/store.hpp"

#include "session.hpp"

namespace cullet::cli {

/// Whether images there are this workspace's own business: an OCI layout inside it.
bool is_scratch(Session& session, const registry::Reference& reference);

/// Held while tags are given in a repository, by one of the writers that share a store, and of
/// those that share the layout where it is one.
struct TagLock {
  store::ActionLock in_store;
  Fd in_layout;
};
TagLock lock_tags(Session& session,
                  const image::Repository& repository,
                  const registry::Reference& reference);

/// Copies an image and puts the reference's tag on it, where it has one, when all is there.
/// `demand_free` throws where another image has the tag: it is called first and, where one has got
/// it meanwhile, again. Null: the tag may move.
registry::CopyReport copy_and_tag(Session& session,
                                  image::Repository& from,
                                  const image::Descriptor& manifest,
                                  image::Repository& to,
                                  const registry::Reference& reference,
                                  registry::CopyOptions options,
                                  const std::function<void()>& demand_free);

/// Tags that no release has; throws Kind::usage for a push to one that could be its.
std::vector<std::string> edits_tags(const registry::Reference& reference,
                                    const plan::TagRules& rules);

/// The tag meant by a reference without one: where `text` is a bare recipe of the workspace, its
/// newest break-glass tag in the repository if it has patches, else the first of its tags; for
/// anything else "latest".
std::string default_tag(Session& session, const std::string& text, image::Repository& repository);

}  // namespace cullet::cli
