// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace cullet {

/// unique_ptr over a C library's object, freed by the function `Free`: Handle<git_tree,
/// git_tree_free>.
template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, FreeWith<Free>>;

/// Lets a C function fill a Handle through its out-pointer: git_x_lookup(out_ptr(handle), …). The
/// handle takes the object when the full expression ends, on failure too.
template <class H>
class OutPtr {
 public:
  explicit OutPtr(H& handle) : handle_(handle) {}
  OutPtr(const OutPtr&) = delete;
  OutPtr& operator=(const OutPtr&) = delete;
  OutPtr(OutPtr&&) = delete;
  OutPtr& operator=(OutPtr&&) = delete;
  ~OutPtr() { handle_.reset(object_); }
  // NOLINTNEXTLINE(google-explicit-constructor): the conversion is its purpose
  operator typename H::pointer *() { return &object_; }

 private:
  H& handle_;
  typename H::pointer object_ = nullptr;
};
template <class H>
OutPtr<H> out_ptr(H& handle) {
  return OutPtr<H>(handle);
}

}  // namespace cullet
