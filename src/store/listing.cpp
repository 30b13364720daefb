// SPDX-License-Identifier: Apache-2.0
#include "listing.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

#include "walk.hpp"

namespace cullet::store {
namespace {

std::vector<std::string> names_in(const std::filesystem::path& directory) {
  return list_directory(open_directory(directory).get(), directory.string());
}

}  // namespace

std::vector<Item> list_flat(const std::filesystem::path& directory) {
  std::vector<Item> items;
  for (const auto& name : names_in(directory))
    items.push_back({directory / name, Sha256::parse_hex(name)});
  return items;
}

std::vector<Item> list_sharded(const std::filesystem::path& directory) {
  std::vector<Item> items;
  for (const auto& shard : names_in(directory)) {
    const auto status = find_status(directory / shard);
    if (!status || !S_ISDIR(status->st_mode)) {
      items.push_back({directory / shard, std::nullopt});
      continue;
    }
    for (auto& item : list_flat(directory / shard)) {
      if (item.digest && item.digest->hex().substr(0, 2) != shard)
        item.digest.reset();
      items.push_back(std::move(item));
    }
  }
  return items;
}

std::optional<struct stat> find_status(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0)
    return status;
  if (errno == ENOENT || errno == ENOTDIR)
    return std::nullopt;
  throw system_error(cat("cannot look at ", path.string()), errno);
}

void DiskUse::add(const std::filesystem::path& directory, const Cancel& cancel) {
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid())
    return;  // vanished, or not for us
  WalkRules rules;
  rules.lenient = true;
  const auto visit = [this](const WalkEntry& entry) {
    const auto& status = entry.status;
    if (!S_ISREG(status.st_mode))
      return;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (status.st_nlink <= 1) {
      bytes_ += size;
      return;
    }
    const auto [inode, fresh] =
        linked_.try_emplace({status.st_dev, status.st_ino}, Linked{status.st_nlink, size});
    if (fresh)
      bytes_ += size;
    if (inode->second.unseen > 0)
      --inode->second.unseen;
  };
  walk(fd.get(), rules, visit, cancel);
}

std::uint64_t DiskUse::only_here() const {
  auto sum = bytes_;
  for (const auto& [inode, link] : linked_)
    if (link.unseen > 0)
      sum -= link.size;
  return sum;
}

}  // namespace cullet::store
