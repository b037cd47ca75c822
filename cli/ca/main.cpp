#include "cli/ca/tool.hpp"

int main(int argc, char** argv) {
  lamp::cli::RealWorld real;
  return lamp::cli::run(lamp::cli::make_ca_tool(), argc, argv, real.world());
}
