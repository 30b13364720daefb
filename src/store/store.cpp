// SPDX-License-Identifier: Apache-2.0
#include "cullet/store/store.hpp"

#include "state.hpp"

namespace cullet::store {

Store::Store(const std::filesystem::path& root, const Cancel& cancel)
    : state_(new State{std::make_shared<Session>(std::filesystem::absolute(root), cancel)}) {}
Store::~Store() = default;

const std::filesystem::path& Store::root() const noexcept {
  return state_->session->root();
}

std::filesystem::path Store::forks_directory() const {
  return state_->session->forks();
}

std::filesystem::path Store::logs_directory() const {
  return state_->session->logs();
}

}  // namespace cullet::store
