#include "lib/firmware/release_file.hpp"

#include <algorithm>

#include "lib/firmware/payload_stream.hpp"

namespace lamp::firmware {

ReleaseFile::ReleaseFile(std::filesystem::path file) : ReleaseFile{file, file.parent_path() / kDetachedPayloadUri} {}

ReleaseFile::ReleaseFile(std::filesystem::path file, std::filesystem::path payload)
    : file_{std::move(file)}, payload_{std::move(payload)} {
  FileSource source{file_};
  size_ = source.size();
  start_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size_, kMaxHeadSize)));
  start_.resize(source.read(start_));
}

EnvelopeHead ReleaseFile::head() const {
  auto head = parse_envelope_head(start_);
  const auto rest = size_ - head.size;
  if (rest < head.payload_size) throw Error{Errc::bad_input, "the envelope ends within its payload"};
  if (rest > head.payload_size) throw Error{Errc::bad_input, "unexpected data after the envelope"};
  return head;
}

FileSource ReleaseFile::payload(const EnvelopeHead& head) const {
  if (head.envelope.place == PayloadPlace::detached) return FileSource{payload_};
  FileSource source{file_};
  source.seek(head.size);
  return source;
}

void write_release(ByteView manifest, const std::vector<Bytes>& blocks, ByteSource& payload, ByteSink& release) {
  const auto values = parse_any_manifest(manifest);
  release.write(encode_envelope_head(manifest, blocks));
  const auto given = values.place == PayloadPlace::integrated ? copy_measured(payload, release) : measure(payload);
  if (given.size != values.payload_size || given.digest != values.payload_digest)
    throw Error{Errc::denied, "the payload is not the one that the manifest names"};
}

}  // namespace lamp::firmware
