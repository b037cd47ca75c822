#include "cli/ca/batch_output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/ca/csv.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;
using Outcome = pki::BatchResult::Outcome;

constexpr std::size_t kBuffer = 1U << 20;

[[noreturn]] void fail(const fs::path& path) {
  const int cause = errno;
  throw Error{Errc::unavailable, path.string() + ": " + std::strerror(cause) + "; the same command goes on from here"};
}

BatchForm form_of(const fs::path& output) {
  if (output.extension() == ".jsonl") return BatchForm::json_lines;
  return output.extension() == ".csv" ? BatchForm::csv : BatchForm::folder;
}

fs::path with(fs::path path, std::string_view ending) {
  if (!path.has_filename()) path = path.parent_path();  // a folder's name with its slash
  return path += ending;
}

/// What may be a file's name as it is; anything else goes by its serial number.
std::string file_name(const pki::BatchResult& result) {
  const bool plain = std::all_of(result.identity.begin(), result.identity.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  const bool good = plain && !result.identity.empty() && result.identity.size() <= 100 && result.identity[0] != '.';
  return (good ? result.identity : result.serial) + ".pem";
}

/// Parts of a hostile row may be no UTF-8, which JSON cannot hold.
std::string json_line(const nlohmann::json& all) {
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

GrowingFile::GrowingFile(fs::path path, std::uint64_t size) : path_{std::move(path)}, descriptor_{-1}, size_{size} {
  std::error_code ignored;  // the open says what is wrong
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), ignored);
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(path_);
  const auto end = ::lseek(descriptor_, 0, SEEK_END);
  if (end < 0 || static_cast<std::uint64_t>(end) < size)
    throw Error{Errc::unavailable, path_.string() +
                                       " is shorter than its checkpoint says; remove the checkpoint, then " +
                                       "run the command again from the beginning"};
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0 || ::lseek(descriptor_, 0, SEEK_END) < 0) fail(path_);
}

GrowingFile::~GrowingFile() { ::close(descriptor_); }

void GrowingFile::append(std::string_view text) {
  pending_ += text;
  if (pending_.size() >= kBuffer) write_pending();
}

void GrowingFile::write_pending() {
  for (std::string_view left = pending_; !left.empty();) {
    const auto written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_);
    left.remove_prefix(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  pending_.clear();
}

void GrowingFile::sync() {
  write_pending();
  if (::fdatasync(descriptor_) != 0) fail(path_);
}

BatchProgress BatchProgress::load(const fs::path& file, const std::string& request) {
  BatchProgress progress;
  progress.request = request;
  if (!fs::exists(file)) return progress;
  return guarded(Errc::bad_input, [&] {
    const auto all = nlohmann::json::parse(read_text_file(file));
    if (all.at("request") != request)
      throw Error{Errc::bad_input,
                  file.string() + " belongs to another batch, or its input has changed since: it was '" +
                      all.at("request").get<std::string>() + "', is '" + request + "'; remove it to begin again"};
    const auto number = [&](const char* name) { return all.at(name).get<std::uint64_t>(); };
    progress.rows = number("rows");
    progress.offset = number("offset");
    progress.issued = number("issued");
    progress.existed = number("existed");
    progress.refused = number("refused");
    progress.output_size = number("output-size");
    progress.report_size = number("report-size");
    return progress;
  });
}

void BatchProgress::save(const fs::path& file) const {
  const nlohmann::json all{
      {"request", request}, {"rows", rows},       {"offset", offset},           {"issued", issued},
      {"existed", existed}, {"refused", refused}, {"output-size", output_size}, {"report-size", report_size}};
  publish(file, all.dump(2) + "\n");
}

fs::path BatchOutput::checkpoint_file(const fs::path& output) { return with(output, ".checkpoint"); }

BatchOutput::BatchOutput(fs::path output, fs::path report, BatchProgress& progress)
    : output_{std::move(output)},
      report_{std::move(report)},
      form_{form_of(output_)},
      progress_{progress},
      certificates_{with(output_, ".partial"), progress.output_size},
      refusals_{with(report_, ".partial"), progress.report_size} {
  if (form_ == BatchForm::csv && certificates_.size() == 0)
    certificates_.append("row,identity,serial,not_after,certificate\r\n");
}

void BatchOutput::add_certificate(const pki::BatchResult& r) {
  switch (form_) {
    case BatchForm::json_lines:
      certificates_.append(json_line({{"row", r.row},
                                      {"identity", r.identity},
                                      {"serial", r.serial},
                                      {"not-after", format_instant(r.not_after)},
                                      {"certificate", pki::to_pem({r.certificate})}}));
      return;
    case BatchForm::csv:
      certificates_.append(fmt::format("{},{},{},{},{}\r\n", r.row, csv_field(r.identity), r.serial,
                                       format_instant(r.not_after), base64(r.certificate)));
      return;
    case BatchForm::folder:
      publish(output_ / fmt::format("{:06}", r.row / 1000) / file_name(r), pki::to_pem({r.certificate}));
      return;
  }
}

void BatchOutput::add(std::span<const pki::BatchResult> results) {
  for (const auto& r : results) {
    ++(r.outcome == Outcome::issued    ? progress_.issued
       : r.outcome == Outcome::existed ? progress_.existed
                                       : progress_.refused);
    if (r.outcome != Outcome::refused)
      add_certificate(r);
    else
      refusals_.append(json_line(
          {{"row", r.row}, {"identity", r.identity}, {"rule", r.rule}, {"field", r.field}, {"says", r.says}}));
  }
}

void BatchOutput::checkpoint() {
  certificates_.sync();
  refusals_.sync();
  progress_.output_size = certificates_.size();
  progress_.report_size = refusals_.size();
  progress_.save(checkpoint_file(output_));
}

void BatchOutput::finish() {
  certificates_.sync();
  refusals_.sync();
  guarded(Errc::unavailable, [&] {
    // Without its checkpoint the batch would begin again and make the same files.
    fs::remove(checkpoint_file(output_));
    if (form_ == BatchForm::folder)
      fs::remove(with(output_, ".partial"));
    else
      fs::rename(with(output_, ".partial"), output_);
    if (progress_.refused > 0) {
      fs::rename(with(report_, ".partial"), report_);
    } else {
      fs::remove(with(report_, ".partial"));
      fs::remove(report_);  // of an earlier try
    }
  });
}

}  // namespace lamp::cli
