#include "cli/ca/tool.hpp"

#include "cli/ca/verbs.hpp"

namespace lamp::cli {

Tool make_ca_tool() {
  Tool tool{"lamp-ca", "Authorities, the certificates they issue and revoke"};
  add_ca_create(tool);
  add_ca_issue(tool);
  add_ca_batch(tool);
  add_ca_renew(tool);
  add_ca_revoke(tool);
  add_ca_release(tool);
  add_ca_crl(tool);
  add_ca_ocsp(tool);
  add_ca_list(tool);
  add_ca_show(tool);
  add_ca_lint(tool);
  add_ca_explain(tool);
  add_ca_serve(tool);
  add_ca_pins(tool);
  add_ca_bundle(tool);
  return tool;
}

}  // namespace lamp::cli
