#include "cli/bind/tool.hpp"

int main(int argc, char** argv) {
  lamp::cli::RealWorld real;
  return lamp::cli::run(lamp::cli::make_bind_tool(), argc, argv, real.world());
}
