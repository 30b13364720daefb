// SPDX-License-Identifier: Apache-2.0
// Keys in PEM.
#include "cullet/trust/key.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pem = text_of(data, size);
  accepts([&] {
    const auto key = trust::PublicKey::parse(pem, "input");
    require(trust::PublicKey::parse(key.pem(), "again") == key, "printing undoes parsing");
  });
  accepts([&] {
    // An encrypted key may ask for as much work as its owner likes: that is not tried.
    const auto no_passphrase = []() -> std::string { throw Error(Kind::input, "encrypted"); };
    const auto key = trust::PrivateKey::parse(pem, no_passphrase, "input");
    require(key.public_key().verify("message", key.sign("message")), "a key is whole");
  });
  return 0;
}
