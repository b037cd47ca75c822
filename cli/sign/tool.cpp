#include "cli/sign/tool.hpp"

namespace lamp::cli {

Tool make_sign_tool() {
  Tool tool{"lamp-sign", "Firmware releases that several officers approve and one token signs"};
  add_sign_request(tool);
  add_sign_show(tool);
  add_sign_approve(tool);
  add_sign_seal(tool);
  add_sign_verify(tool);
  add_sign_inspect(tool);
  add_sign_transcript(tool);
  add_sign_convert(tool);
  add_sign_application(tool);
  return tool;
}

}  // namespace lamp::cli
