#include "hsm/retry.hpp"

#include "hsm/connection.hpp"

namespace lamp::hsm {

void Retry::after(const Error& failure, Loss loss, unsigned generation) {
  if (loss == Loss::none || tried_again_) rethrow(failure);
  const bool may_have_happened = loss == Loss::session_busy || loss == Loss::token_busy;
  if (repeat_ == Repeat::only_anew && may_have_happened) {
    throw Error{failure.code(),
                std::string{failure.what()} +
                    "; whether it was done is not known: look with 'lamp-hsm key list' before you try again"};
  }
  if (!connection_.recover(loss, generation)) rethrow(failure);
  tried_again_ = true;
}

}  // namespace lamp::hsm
