// The verbs of lamp-ca, one file each.
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

void add_ca_create(Tool& tool);
void add_ca_issue(Tool& tool);
void add_ca_batch(Tool& tool);
void add_ca_renew(Tool& tool);
void add_ca_revoke(Tool& tool);
void add_ca_release(Tool& tool);
void add_ca_crl(Tool& tool);
void add_ca_ocsp(Tool& tool);
void add_ca_list(Tool& tool);
void add_ca_show(Tool& tool);
void add_ca_lint(Tool& tool);
void add_ca_explain(Tool& tool);
void add_ca_serve(Tool& tool);
void add_ca_pins(Tool& tool);
void add_ca_bundle(Tool& tool);

}  // namespace lamp::cli
