// What a private key says of itself.
#pragma once

namespace lamp::crypto {

/// A private key whose signature operation verifies each signature in software before it gives it out: nobody needs to
/// do so a second time.
class VerifiesItself {
 public:
  VerifiesItself(const VerifiesItself&) = default;
  VerifiesItself& operator=(const VerifiesItself&) = default;
  virtual ~VerifiesItself() = default;

 protected:
  VerifiesItself() = default;
};

}  // namespace lamp::crypto
