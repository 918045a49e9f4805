// Verilated models behind one interface. Rust owns a Dut through a unique_ptr; nothing here
// knows what the words mean (src/pins.rs does).
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "rust/cxx.h"

namespace capram {

class Dut {
 public:
  virtual ~Dut() = default;

  // One macro cycle: applies the drive words at the falling edge and returns the pin words that
  // follow the rising edge; where a macro cycle takes several cycles of clk_i, those after the last. Throws if the RTL stopped ($fatal, $stop, an assertion).
  virtual void tick(rust::Slice<const uint32_t> drive, rust::Slice<uint32_t> pins) = 0;

  // The same for `cycles` recorded drives with nothing in between: the speed of the bare model.
  virtual uint32_t replay(rust::Slice<const uint32_t> drives, std::size_t cycles) = 0;

  // How many voltages set_volts takes; 0 for a top without.
  virtual std::size_t volts() const = 0;

  // Node voltages that go into the waves with the next cycles, six arrays of one per slice. Rust has
  // counted them.
  virtual void set_volts(rust::Slice<const double> volts) = 0;

  // Voltages of an emulated analog side, as its words; how many, and a copy. 0 for a top without.
  virtual std::size_t states() const = 0;
  virtual void copy_states(rust::Slice<uint32_t> words) const = 0;

  // Cycles of clk_i so far: more than ticks where a macro cycle takes several.
  virtual uint64_t edges() const = 0;

  // Opens an FST; cycles from here on are written. Throws if the file cannot be written.
  virtual void open_waves(rust::Str path, double period_ps) = 0;
  virtual void close_waves() = 0;

  // Cycles are counted from 0 again, in the waves' time and in error messages.
  virtual void restart_clock() = 0;
};

// Makes a model by its name in the generated table; throws for an unknown name.
std::unique_ptr<Dut> new_dut(rust::Str model);

// Text of the Verilator version the models were made with.
rust::String verilator_version();

}  // namespace capram
