#include "cli/factory/tool.hpp"

int main(int argc, char** argv) {
  lamp::cli::RealWorld real;
  return lamp::cli::run(lamp::cli::make_factory_tool(), argc, argv, real.world());
}
