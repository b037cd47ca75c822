#include "lib/cloud/plain_stream.hpp"

#include <algorithm>
#include <array>

namespace lamp::cloud {
namespace {

constexpr std::chrono::milliseconds kLastWords{300};

}  // namespace

void PlainStream::take_in(ByteView received) {
  if (received.empty()) ended_ = true;
  append(waiting_, received);
}

void PlainStream::pump() {
  std::array<std::uint8_t, 16384> buffer{};
  const auto got = socket_.receive_waiting(buffer);
  if (got) take_in(ByteView{buffer}.first(*got));
}

std::size_t PlainStream::read_some(std::span<std::uint8_t> into) {
  std::array<std::uint8_t, 16384> buffer{};
  while (!has_plaintext() && !ended_) take_in(ByteView{buffer}.first(socket_.receive(buffer, deadline_)));
  const auto left = ByteView{waiting_}.subspan(consumed_);
  const auto taken = std::min(into.size(), left.size());
  std::copy_n(left.begin(), taken, into.begin());
  consumed_ += taken;
  if (consumed_ == waiting_.size()) {
    waiting_.clear();
    consumed_ = 0;
  }
  return taken;
}

void PlainStream::close() noexcept {
  if (!ended_) socket_.finish(kLastWords);
}

}  // namespace lamp::cloud
