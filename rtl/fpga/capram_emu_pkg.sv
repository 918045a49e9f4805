// Number formats and states of the emulated analog side; docs/fpga.md, section 3, has the tables.
package capram_emu_pkg;
  // A voltage above V_low in units of 2^-26 V, signed: +-2 V. In the tables it takes two words.
  parameter int unsigned VoltageBits = 28;
  // One word of the tables.
  parameter int unsigned WordBits = 16;
  // Words of the tables.
  parameter int unsigned TableBits = 10;
  // The multiplier's signed factor.
  parameter int unsigned FactorBits = 22;
  // Its product comes without this many of its low bits.
  parameter int unsigned ProductShift = 11;
  // Sum of a decision's random bytes, less its mean.
  parameter int unsigned NoiseBits = 12;

  // Works that the pins of a macro cycle ask for, in the order in which they are done.
  typedef struct packed {
    logic strobe;
    logic inject;
    logic share;
    logic rows;
    logic sample;
  } works_t;

  typedef enum logic [4:0] {
    Rest,          // nothing under way; the host's address is on the tables
    HostDone,      // the host's word is read, or written
    Digits,        // SAMPLE: the digit of a row goes to the tables
    Rows,          // access: a row is written if it is selected
    Sum,           // SHARE: a row's cells and its digit are addressed
    SumLast,       // the last row's are added
    Gain,          // gain of a column is addressed
    GainStart,     // gain times sum
    GainWait,
    Low,           // voltage of a side, two words
    High,
    Take,
    Offset,        // STROBE: offset of the comparator
    NoiseStart,    // standard deviation times the sum of random bytes, once that is complete
    NoiseWait,
    Decide,
    LambdaStart,   // INJECT: relative change of the charge at this voltage
    LambdaWait,
    ChargeWait,    // charge, so changed
    WriteLow,      // the new voltage, two words
    WriteHigh
  } state_e;
endpackage
