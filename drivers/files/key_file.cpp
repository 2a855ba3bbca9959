#include "drivers/files/key_file.h"

#include "drivers/errors.h"

namespace kilt::files {

void KeyFile::read() {
  Contents fresh = read_file(path_);
  if (!crypto::Pkcs12::looks_like(fresh.bytes))
    throw TokenNotRecognized("the file is no PKCS#12 file");
  contents_ = std::move(fresh);
  close();
}

bool KeyFile::changed() const {
  const auto now = stamp_of(path_);
  if (!now) throw CardRemoved("the file is gone");
  return *now != contents_.stamp;
}

Bytes KeyFile::digest() const { return crypto::digest(Hash::kSha256, contents_.bytes); }

void KeyFile::open(const SecureBytes& password) {
  container_ = crypto::Pkcs12::open(contents_.bytes, crypto::Password(password.view()));
  password_ = password.clone();
}

bool KeyFile::opens_with(const SecureBytes& password) const {
  try {
    static_cast<void>(crypto::Pkcs12::open(contents_.bytes, crypto::Password(password.view())));
    return true;
  } catch (const crypto::WrongPassword&) {
    return false;
  }
}

void KeyFile::close() noexcept {
  container_.reset();
  password_ = SecureBytes();
}

crypto::Pkcs12& KeyFile::container() {
  if (!container_) throw NotLoggedIn();
  return *container_;
}

void KeyFile::save(const SecureBytes* new_password) {
  SecureBytes password = new_password != nullptr ? new_password->clone() : password_.clone();
  try {
    Bytes written = container().write(crypto::Password(password.view()));
    contents_.stamp = replace_file(path_, written, contents_.stamp);
    contents_.bytes = std::move(written);
  } catch (...) {
    // What is in memory must not say more than the file does.
    container_ = crypto::Pkcs12::open(contents_.bytes, crypto::Password(password_.view()));
    throw;
  }
  // Its parts have their places now.
  container_ = crypto::Pkcs12::open(contents_.bytes, crypto::Password(password.view()));
  password_ = std::move(password);
}

}  // namespace kilt::files
