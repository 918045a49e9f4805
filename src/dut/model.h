// One Verilated top as a Dut. The generated table instantiates this once per top.
#pragma once
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "capram/src/dut/dut.h"
#include "verilated.h"
#include "verilated_fst_c.h"

namespace tops {

// A top without analog voltages accepts and ignores them.
template <class Top>
constexpr auto volts_of(int) -> decltype(Top::observed_p, std::size_t()) {
  return 6 * sizeof(Top::observed_p) / sizeof(double);
}
template <class Top>
constexpr std::size_t volts_of(long) { return 0; }

template <class Top>
auto copy_volts(Top& top, const double* volts, int) -> decltype(top.observed_p, void()) {
  constexpr std::size_t count = sizeof(top.observed_p) / sizeof(double);
  double* const arrays[] = {&top.observed_p[0], &top.observed_n[0], &top.golden_p[0],
                            &top.golden_n[0],   &top.error_p[0],    &top.error_n[0]};
  for (double* array : arrays) {
    std::memcpy(array, volts, count * sizeof(double));
    volts += count;
  }
}
template <class Top>
void copy_volts(Top&, const double*, long) {}

template <class Top>
class Model final : public capram::Dut {
 public:
  Model() : top_(&context_, "TOP") {
    context_.fatalOnError(false);
    context_.assertOn(true);
    context_.traceEverOn(true);
    context_.timeprecision(-12);
  }
  ~Model() override {
    enter();
    close_waves();
    top_.final();
  }

  void tick(rust::Slice<const uint32_t> drive, rust::Slice<uint32_t> pins) override {
    check(drive.size() == kDrive && pins.size() == kPins, "wrong number of words");
    check(!stopped_, kStopped);
    enter();
    stopped_ = true;  // unless the edge returns
    std::memcpy(&top_.drive_i[0], drive.data(), sizeof(top_.drive_i));
    edge();
    stopped_ = false;
    std::memcpy(pins.data(), &top_.pins_o[0], sizeof(top_.pins_o));
  }

  uint32_t replay(rust::Slice<const uint32_t> drives, std::size_t cycles) override {
    check(drives.size() >= cycles * kDrive, "fewer drives than cycles");
    check(!stopped_, kStopped);
    enter();
    stopped_ = true;  // unless every edge returns
    uint32_t seen = 0;
    uint32_t pins[kPins];
    const uint32_t* drive = drives.data();
    for (std::size_t i = 0; i < cycles; ++i, drive += kDrive) {
      std::memcpy(&top_.drive_i[0], drive, sizeof(top_.drive_i));
      edge();
      // Every output is read in every cycle, as in tick().
      std::memcpy(pins, &top_.pins_o[0], sizeof(pins));
      asm volatile("" : : "r"(pins) : "memory");
      seen ^= pins[0];
    }
    stopped_ = false;
    return seen;
  }

  std::size_t volts() const override { return volts_of<Top>(0); }

  void set_volts(rust::Slice<const double> volts) override { copy_volts(top_, volts.data(), 0); }

  void open_waves(rust::Str path, double period_ps) override {
    enter();
    close_waves();
    // A writer that failed to open is of no more use, so each file gets its own.
    auto trace = std::make_unique<VerilatedFstC>();
    top_.trace(trace.get(), 99);
    trace->open(std::string(path).c_str());
    check(trace->isOpen(), "cannot open the wave file");
    period_ps_ = period_ps;
    trace_ = std::move(trace);
  }

  void close_waves() override {
    if (trace_) trace_->close();
    trace_.reset();
  }

  void restart_clock() override { cycle_ = 0; }

 private:
  static constexpr std::size_t kDrive = sizeof(Top::drive_i) / sizeof(uint32_t);
  static constexpr const char* kStopped = "the model has stopped and cannot go on";
  static constexpr std::size_t kPins = sizeof(Top::pins_o) / sizeof(uint32_t);

  static void check(bool condition, const char* what) {
    if (!condition) throw std::runtime_error(what);
  }

  // Verilator asks the thread for its context, which may be another model's, or one long gone.
  void enter() {
    if (Verilated::threadContextp() != &context_) Verilated::threadContextp(&context_);
  }

  // The falling edge first, so that the waves show what the analog side answered to a cycle's pins
  // in the middle of that cycle.
  void edge() {
    context_.time(cycle_);
    top_.clk_i = 0;
    top_.eval();
    if (trace_ && cycle_ > 0) trace_->dump(at(cycle_ * 2 - 1));
    top_.clk_i = 1;
    top_.eval();
    if (trace_) trace_->dump(at(cycle_ * 2));
    ++cycle_;
  }

  uint64_t at(uint64_t half) const {
    return static_cast<uint64_t>(std::llround(static_cast<double>(half) * period_ps_ / 2));
  }

  VerilatedContext context_;
  Top top_;
  std::unique_ptr<VerilatedFstC> trace_;
  bool stopped_ = false;
  double period_ps_ = 1;
  uint64_t cycle_ = 0;
};

}  // namespace tops
