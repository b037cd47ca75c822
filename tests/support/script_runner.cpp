// Runs one command-line story (tests/scripts/*.txt) in a folder of its own. One line, one step:
//
//   run CMD...        the command must end with 0           exit N CMD...   ... with N
//   stdout TEXT       the last command's output holds TEXT  stderr TEXT     ... its messages do
//   silent stdout     the last command printed nothing there
//   copy-site DIR     a copy of a site that another test made, as ./site, and cd into it
//   start CMD...      in the background, ended with SIGTERM at the end or by `stop`; must then end with 0
//   wait FILE         until FILE is there (30 s at most)
//   cd DIR   file PATH   no-file PATH   set NAME CMD... (first line of the output, as $NAME in later lines)
//
// Commands run by /bin/sh. TEXT may be quoted with single quotes.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string unquoted(std::string text) {
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') return text.substr(1, text.size() - 2);
  return text;
}

[[noreturn]] void become_shell(const std::string& command, const fs::path& out, const fs::path& err) {
  const int output = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int messages = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(messages, 2);
  ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  ::_exit(127);
}

class Story {
 public:
  Story(const fs::path& outputs, fs::path sites)
      : out_{outputs / "stdout"}, err_{outputs / "stderr"}, sites_{std::move(sites)} {}
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;
  ~Story() {
    if (background_ > 0) ::kill(background_, SIGKILL);
  }

  /// True when the step held; else complaint() says what did not.
  bool step(const std::string& line) {
    std::istringstream words{line};
    std::string verb;
    words >> verb;
    std::string rest;
    std::getline(words >> std::ws, rest);
    if (verb == "run") return ends_with(0, rest);
    if (verb == "exit") {
      const auto space = rest.find(' ');
      return ends_with(std::stoi(rest.substr(0, space)), rest.substr(space + 1));
    }
    if (verb == "stdout") return holds(out_, unquoted(rest));
    if (verb == "stderr") return holds(err_, unquoted(rest));
    if (verb == "silent") return slurp(rest == "stdout" ? out_ : err_).empty() || fail(rest + " is not empty");
    if (verb == "copy-site") return copy_site(rest);
    if (verb == "start") return start(rest);
    if (verb == "stop") return stop();
    if (verb == "wait") return wait_for(rest);
    if (verb == "set") return set(rest);
    if (verb == "cd") return fs::current_path(rest), true;
    if (verb == "file") return fs::exists(rest) || fail("no such file");
    if (verb == "no-file") return !fs::exists(rest) || fail("the file is there");
    return fail("unknown step");
  }

  bool stop() {
    if (background_ <= 0) return true;
    ::kill(background_, SIGTERM);
    const int status = ended(background_);
    background_ = 0;
    return status == 0 || fail("the background command ended with " + std::to_string(status));
  }

  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  bool fail(const std::string& why) {
    complaint_ = why + "\n--- stdout\n" + slurp(out_) + "--- stderr\n" + slurp(err_);
    return false;
  }

  static int ended(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  bool ends_with(int expected, const std::string& command) {
    const pid_t child = ::fork();
    if (child == 0) become_shell(command, out_, err_);
    const int status = ended(child);
    return status == expected || fail("ended with " + std::to_string(status) + ", not " + std::to_string(expected));
  }

  bool holds(const fs::path& file, const std::string& text) {
    return slurp(file).find(text) != std::string::npos || fail("'" + text + "' is not in it");
  }

  bool start(const std::string& command) {
    background_ = ::fork();
    if (background_ == 0) become_shell("exec " + command, "background.out", "background.err");
    return background_ > 0;
  }

  bool wait_for(const std::string& file) {
    for (int tenth = 0; tenth < 300; ++tenth) {
      if (fs::exists(file)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    return fail("it did not appear; background messages: " + slurp("background.err"));
  }

  bool set(const std::string& rest) {
    const auto space = rest.find(' ');
    if (!ends_with(0, rest.substr(space + 1))) return false;
    const auto text = slurp(out_);
    ::setenv(rest.substr(0, space).c_str(), text.substr(0, text.find('\n')).c_str(), 1);
    return true;
  }

  /// SoftHSM's configuration names its folder by an absolute path.
  bool copy_site(const std::string& name) {
    if (!fs::exists(sites_ / name / "site.yaml")) return fail("the test that makes this site did not pass");
    fs::copy(sites_ / name, "site", fs::copy_options::recursive);
    fs::current_path("site");
    std::ofstream{"tokens/softhsm2.conf"} << "directories.tokendir = " << (fs::current_path() / "tokens/store").string()
                                          << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    return true;
  }

  fs::path out_;
  fs::path err_;
  fs::path sites_;
  pid_t background_ = 0;
  std::string complaint_;
};

}  // namespace

/// script_runner SCRIPT BIN-FOLDER SITES-FOLDER [--keep NAME]: with --keep, the folder ./NAME that the story made is
/// kept in SITES-FOLDER for other stories.
int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const fs::path script = fs::absolute(argv[1]);
  const fs::path sites = fs::absolute(argv[3]);
  ::setenv("PATH", (fs::absolute(argv[2]).string() + ":" + std::getenv("PATH")).c_str(), 1);
  ::unsetenv("LAMP_SITE");
  ::unsetenv("SOFTHSM2_CONF");
  const lamp::test::TemporaryDirectory place;
  const lamp::test::TemporaryDirectory outputs;
  fs::current_path(place.path());
  Story story{outputs.path(), sites};
  std::ifstream lines{script};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (story.step(line)) continue;
    std::cerr << script.filename().string() << ":" << number << ": " << line << "\n" << story.complaint();
    return 1;
  }
  if (!story.stop()) {
    std::cerr << story.complaint();
    return 1;
  }
  if (argc == 7 && std::string{argv[4]} == "--keep") {
    fs::remove_all(sites / argv[6]);
    fs::create_directories(sites);
    fs::copy(place / argv[5], sites / argv[6], fs::copy_options::recursive);
  }
  return 0;
}
