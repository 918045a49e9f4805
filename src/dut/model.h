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

// The same ports of a top with an emulated analog side.
template <class Top>
constexpr auto emulated_volts_of(int) -> decltype(Top::emulated_p, std::size_t()) {
  return 6 * sizeof(Top::emulated_p) / sizeof(double);
}
template <class Top>
constexpr std::size_t emulated_volts_of(long) { return 0; }
template <class Top>
auto copy_emulated_volts(Top& top, const double* volts, int) -> decltype(top.emulated_p, void()) {
  constexpr std::size_t count = sizeof(top.emulated_p) / sizeof(double);
  double* const arrays[] = {&top.emulated_p[0], &top.emulated_n[0], &top.golden_p[0],
                            &top.golden_n[0],   &top.error_p[0],    &top.error_n[0]};
  for (double* array : arrays) {
    std::memcpy(array, volts, count * sizeof(double));
    volts += count;
  }
}
template <class Top>
void copy_emulated_volts(Top&, const double*, long) {}

// Words of an emulated analog side.
template <class Top>
constexpr auto states_of(int) -> decltype(Top::state_o, std::size_t()) {
  return sizeof(Top::state_o) / sizeof(uint32_t);
}
template <class Top>
constexpr std::size_t states_of(long) { return 0; }
template <class Top>
auto states_at(const Top& top, int) -> decltype(&top.state_o[0]) { return &top.state_o[0]; }
template <class Top>
const uint32_t* states_at(const Top&, long) { return nullptr; }

// Whether a macro cycle is over, and whether the macro's clock has just risen; in an ordinary top
// every cycle of clk_i is a macro cycle.
template <class Top>
auto whole(const Top& top, int) -> decltype(top.whole_o == 1) { return top.whole_o == 1; }
template <class Top>
constexpr bool whole(const Top&, long) { return true; }
template <class Top>
auto rose(const Top& top, int) -> decltype(top.rose_o == 1) { return top.rose_o == 1; }
template <class Top>
constexpr bool rose(const Top&, long) { return true; }

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

  std::size_t volts() const override { return volts_of<Top>(0) + emulated_volts_of<Top>(0); }

  void set_volts(rust::Slice<const double> volts) override {
    copy_volts(top_, volts.data(), 0);
    copy_emulated_volts(top_, volts.data(), 0);
  }

  std::size_t states() const override { return states_of<Top>(0); }

  void copy_states(rust::Slice<uint32_t> words) const override {
    if (const uint32_t* from = states_at(top_, 0)) {
      std::memcpy(words.data(), from, states_of<Top>(0) * sizeof(uint32_t));
    }
  }

  uint64_t edges() const override { return edges_; }

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
  static constexpr uint64_t kPatience = 1 << 20;  // cycles of clk_i in a macro cycle
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
    bool answered = true;  // the waves have to show it
    bool risen = false;
    const uint64_t patience = edges_ + kPatience;
    do {
      top_.clk_i = 0;
      top_.eval();
      if (trace_ && cycle_ > 0 && answered) trace_->dump(at(cycle_ * 2 - 1));
      answered = false;
      top_.clk_i = 1;
      top_.eval();
      if (trace_ && !risen && (rose(top_, 0) || whole(top_, 0))) {
        trace_->dump(at(cycle_ * 2));
        risen = true;
      }
      check(++edges_ < patience, "the emulator does not come to an end");
    } while (!whole(top_, 0));
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
  uint64_t edges_ = 0;
};

}  // namespace tops
