#include "lib/cloud/artifacts.hpp"

#include <botan/hash.h>

#include <algorithm>
#include <fstream>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cloud {
namespace {

std::string digest(const char* algorithm, ByteView bytes) {
  return hex(Botan::HashFunction::create_or_throw(algorithm)->process<Bytes>(bytes));
}

bool is_digest(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Reads the file piece by piece: releases may be larger than what the service wants to hold in memory.
std::optional<Artifact> measure(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) return std::nullopt;
  const auto sha256 = Botan::HashFunction::create_or_throw("SHA-256");
  const auto sha1 = Botan::HashFunction::create_or_throw("SHA-1");
  const auto md5 = Botan::HashFunction::create_or_throw("MD5");
  Artifact artifact{.file = file, .size = 0, .sha256 = {}, .sha1 = {}, .md5 = {}};
  Bytes piece(std::size_t{64} * 1024);
  while (in) {
    in.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    const auto got = ByteView{piece}.first(static_cast<std::size_t>(in.gcount()));
    for (auto* hash : {sha256.get(), sha1.get(), md5.get()}) hash->update(got);
    artifact.size += got.size();
  }
  artifact.sha256 = hex(sha256->final_stdvec());
  artifact.sha1 = hex(sha1->final_stdvec());
  artifact.md5 = hex(md5->final_stdvec());
  return artifact;
}

}  // namespace

std::filesystem::path ArtifactStore::file_of(std::string_view sha256) const { return directory_ / std::string{sha256}; }

Artifact ArtifactStore::put(ByteView bytes) {
  const auto name = guarded(Errc::internal, [&] { return digest("SHA-256", bytes); });
  if (!find(name)) publish(file_of(name), bytes);
  return find(name).value();
}

std::optional<Artifact> ArtifactStore::find(std::string_view sha256) {
  if (!is_digest(sha256)) return std::nullopt;
  const std::lock_guard lock{mutex_};
  if (const auto found = known_.find(sha256); found != known_.end()) return found->second;
  const auto measured = guarded(Errc::internal, [&] { return measure(file_of(sha256)); });
  if (!measured) return std::nullopt;
  if (measured->sha256 != sha256)
    throw Error{Errc::internal, "artifact " + measured->file.string() + " was altered; delete it and upload it again"};
  return known_.emplace(std::string{sha256}, *measured).first->second;
}

}  // namespace lamp::cloud
