// with_scanner port|keyboard FILE CMD...: runs a command with a label scanner, which scans every line of FILE in turn.
// At a serial port the word {port} of the command is its device, and the command is told to stop (SIGTERM) when it has
// answered every line on its standard output; as a keyboard the scanner types at the command's terminal when it is
// asked, and an empty line at the end. What the command shows goes to standard output; ends as the command does.
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

std::vector<std::string> lines_of(const char* file) {
  std::vector<std::string> lines;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

void type(int to, const std::string& line) {
  const auto typed = line + "\r";
  if (::write(to, typed.data(), typed.size()) < 0) std::cerr << "with_scanner: nobody reads\n";
}

int status_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

[[noreturn]] void become(char** command, const std::string& port) {
  std::vector<std::string> words;
  for (; *command != nullptr; ++command) words.emplace_back(std::string_view{*command} == "{port}" ? port : *command);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  ::_exit(127);
}

int at_port(const std::vector<std::string>& lines, char** command) {
  int scanner = -1, port = -1;
  std::array<char, 256> name{};
  std::array<int, 2> output{};
  if (::openpty(&scanner, &port, name.data(), nullptr, nullptr) != 0 || ::pipe(output.data()) != 0) return 3;
  termios raw{};
  ::tcgetattr(port, &raw);
  ::cfmakeraw(&raw);
  ::tcsetattr(port, TCSANOW, &raw);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(output[1], STDOUT_FILENO);
    ::close(output[0]);
    become(command, name.data());
  }
  ::close(output[1]);
  for (const auto& line : lines) type(scanner, line);
  std::size_t answered = 0;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(output[0], buffer.data(), buffer.size())) > 0;) {
    std::cout.write(buffer.data(), n);
    answered += static_cast<std::size_t>(std::count(buffer.begin(), buffer.begin() + n, '\n'));
    if (answered >= lines.size()) ::kill(child, SIGTERM);
  }
  return status_of(child);
}

int as_keyboard(const std::vector<std::string>& lines, char** command) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child < 0) return 3;
  if (child == 0) become(command, {});
  std::size_t next = 0;
  std::string shown;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(terminal, buffer.data(), buffer.size())) > 0;) {
    std::cout.write(buffer.data(), n);
    shown.append(buffer.data(), static_cast<std::size_t>(n));
    if (!shown.ends_with("to end: ")) continue;
    shown.clear();
    type(terminal, next < lines.size() ? lines[next] : "");
    ++next;
  }
  return status_of(child);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const auto lines = lines_of(argv[2]);
  return std::string_view{argv[1]} == "port" ? at_port(lines, argv + 3) : as_keyboard(lines, argv + 3);
}
