#include "cli/hsm/tool.hpp"

#include "cli/hsm/ceremony.hpp"
#include "cli/hsm/quorum.hpp"
#include "cli/hsm/verbs.hpp"

namespace lamp::cli {

Tool make_hsm_tool() {
  Tool tool{"lamp-hsm", "Tokens, their keys, custody by a quorum, and ceremonies"};
  add_token_list(tool);
  add_token_init(tool);
  add_token_probe(tool);
  add_key_generate(tool);
  add_key_list(tool);
  add_quorum_verbs(tool);
  add_ceremony_verbs(tool);
  return tool;
}

}  // namespace lamp::cli
