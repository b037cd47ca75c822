// A Stream as Boost.Beast reads and writes one. Failures other than the end of the stream leave as lamp::Error.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include "lib/cloud/stream.hpp"

namespace lamp::cloud {

class BeastStream {
 public:
  explicit BeastStream(Stream& stream) noexcept : stream_{stream} {}

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, boost::system::error_code& failed) {
    failed = {};
    for (auto b = boost::asio::buffer_sequence_begin(buffers); b != boost::asio::buffer_sequence_end(buffers); ++b) {
      const boost::asio::mutable_buffer first = *b;
      if (first.size() == 0) continue;
      const auto got = stream_.read_some({static_cast<std::uint8_t*>(first.data()), first.size()});
      if (got == 0) failed = boost::asio::error::eof;
      return got;
    }
    return 0;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    boost::system::error_code failed;
    return read_some(buffers, failed);
  }

  /// Head and short body go out as one piece, with TLS as one record.
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, boost::system::error_code& failed) {
    failed = {};
    std::array<std::uint8_t, 16384> record{};
    const auto size = boost::asio::buffer_copy(boost::asio::buffer(record), buffers);
    stream_.write(ByteView{record}.first(size));
    return size;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    boost::system::error_code failed;
    return write_some(buffers, failed);
  }

 private:
  Stream& stream_;
};

}  // namespace lamp::cloud
