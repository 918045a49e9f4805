// What all models share: how an RTL error leaves Verilator, and the table of tops.
#include "capram/src/dut/dut.h"

#include <sstream>

#include "capram/src/dut/model.h"

namespace tops {
std::unique_ptr<capram::Dut> make(const std::string& name);  // generated
const char* verilator_version();                             // generated
}  // namespace tops

namespace {
[[noreturn]] void leave(const char* what, const char* file, int line, const std::string& text) {
  std::ostringstream message;
  message << what << " at " << file << ":" << line;
  message << ", cycle " << Verilated::threadContextp()->time();
  if (!text.empty()) message << ": " << text;
  throw std::runtime_error(message.str());
}
}  // namespace

// Verilator calls these instead of ending the process (VL_USER_FATAL and its siblings).
void vl_fatal(const char* file, int line, const char*, const char* text) {
  leave("$fatal", file, line, text ? text : "");
}
void vl_stop(const char* file, int line, const char*) {
  leave("$stop, $error or a failing assertion", file, line, "");
}
void vl_finish(const char* file, int line, const char*) { leave("$finish", file, line, ""); }

namespace capram {
std::unique_ptr<Dut> new_dut(rust::Str model) {
  auto dut = tops::make(std::string(model));
  if (!dut) throw std::runtime_error("no model named " + std::string(model));
  return dut;
}
rust::String verilator_version() { return tops::verilator_version(); }
}  // namespace capram
