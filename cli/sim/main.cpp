#include "cli/sim/tool.hpp"

int main(int argc, char** argv) {
  lamp::cli::RealWorld real;
  return lamp::cli::run(lamp::cli::make_sim_tool(), argc, argv, real.world());
}
