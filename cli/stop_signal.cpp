#include "cli/stop_signal.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace lamp::cli {

StopSignal::StopSignal() {
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTERM);
  ::sigaddset(&stop, SIGINT);
  if (::pthread_sigmask(SIG_BLOCK, &stop, &before_) != 0) throw Error{Errc::unavailable, "cannot block signals"};
  descriptor_ = ::signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor_ >= 0) return;
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  throw Error{Errc::unavailable, "cannot wait for signals"};
}

StopSignal::~StopSignal() {
  // What came while the service stopped would end the process before its last records are in the log.
  signalfd_siginfo taken{};
  while (::read(descriptor_, &taken, sizeof taken) > 0) {
  }
  ::close(descriptor_);
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace lamp::cli
