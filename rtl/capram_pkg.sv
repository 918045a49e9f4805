// Types and constants of the CAP-RAM macro's digital side.
// Geometry (rows, columns, slices, lanes) is a parameter of each module; what is fixed by the
// architecture stands here.
package capram_pkg;
  // Cells of a cluster: eight 6T cells share one MAC circuit.
  parameter int unsigned Planes = 8;
  // Bits of a row-DAC digit and of a ciSAR code.
  parameter int unsigned DigitBits = 4;
  parameter int unsigned AdcBits = 7;
  // Digit vectors that the activation memory holds.
  parameter int unsigned Slots = 16;
  // Digits that load per cycle.
  parameter int unsigned LoadDigits = 4;
  parameter int unsigned LoadBits = LoadDigits * DigitBits;
  // Accumulator, requantization factor and result.
  parameter int unsigned AccBits = 32;
  parameter int unsigned FactorBits = 8;
  parameter int unsigned ResultBits = 8;
  // Calibration: gain (128 = 1.0), offset (sixteenths of an LSB / 16), master curve.
  parameter int unsigned GainBits = 8;
  parameter int unsigned OffsetBits = 10;
  parameter int unsigned MasterBits = 8;
  // A code in sixteenths of an LSB after gain, offset and master curve.
  parameter int unsigned ValueBits = 14;
  // The same in sixteenths of a unit of S, with the single-ended offset and the digit sum.
  parameter int unsigned UnitBits = 18;
  // Sum of up to 64 digits.
  parameter int unsigned SumBits = 10;

  // Weight formats, as in the OPERATION register.
  parameter logic [2:0] Single1 = 3'd0;
  parameter logic [2:0] Single2 = 3'd1;
  parameter logic [2:0] Single3 = 3'd2;
  parameter logic [2:0] Single4 = 3'd3;
  parameter logic [2:0] Diff1 = 3'd4;
  parameter logic [2:0] Diff2 = 3'd5;

  // Phases of a conversion step; Strobe and Inject alternate.
  typedef enum logic [2:0] {
    Idle,
    Reset,
    Sample,
    Multiply,
    Share,
    Strobe,
    Inject,
    Latch
  } phase_e;

  // One pulse: width cycles high (1..15), then gap cycles.
  typedef struct packed {
    logic [2:0] gap;
    logic [3:0] width;
  } pulse_t;

  // All pulses, in the order of the TIMING registers.
  typedef struct packed {
    pulse_t sense;
    pulse_t access;
    pulse_t precharge;
    pulse_t latch;
    pulse_t inject;
    pulse_t strobe;
    pulse_t share;
    pulse_t multiply;
    pulse_t sample;
    pulse_t reset;
  } timing_t;
  parameter int unsigned Pulses = 10;

  // The OPERATION word.
  typedef struct packed {
    logic       bank;
    logic       emit;
    logic       clear;
    logic [1:0] units_m1;
    logic [3:0] slot;
    logic [3:0] level;
    logic [1:0] range;
    logic [2:0] activation_bits_m1;
    logic [2:0] format;
    logic [2:0] plane;
  } operation_t;

  // What the post-processor must know of a conversion step.
  typedef struct packed {
    logic                bank;
    logic [1:0]          unit;
    logic [1:0]          range;
    logic [UnitBits-1:0] offset;  // sixteenths of a unit: reference level, and digit sum of single1
    logic [2:0]          shift;   // weight of the digit: 16^a 2^i
    logic                negate;  // top bit of two's complement
    logic                first;   // start the accumulator from zero
    logic                last;    // requantize
  } step_t;

  // Bits or ternary digits of a format, minus one: steps per unit and pass.
  function automatic logic [1:0] digits_m1(logic [2:0] format);
    unique case (format)
      Single2, Diff2: return 2'd1;
      Single3:        return 2'd2;
      Single4:        return 2'd3;
      default:        return 2'd0;
    endcase
  endfunction

  function automatic logic is_differential(logic [2:0] format);
    return format[2];
  endfunction

  // Columns that one weight takes.
  function automatic logic [2:0] weight_columns(logic [2:0] format);
    logic [2:0] digits;
    digits = {1'b0, digits_m1(format)} + 3'd1;
    return is_differential(format) ? {digits[1:0], 1'b0} : digits;
  endfunction

  // More than four activation bits take two passes.
  function automatic logic two_pass(operation_t operation);
    return operation.activation_bits_m1[2];
  endfunction

  // Whether an operation can run on slices of this many columns.
  function automatic logic legal(operation_t operation, int unsigned columns_per_slice);
    logic [4:0] columns;
    columns = {2'b0, weight_columns(operation.format)} * ({3'b0, operation.units_m1} + 5'd1);
    return operation.format <= Diff2 && columns <= 5'(columns_per_slice) &&
        !(two_pass(operation) && operation.slot[0]);
  endfunction

  // Width of an index that counts to n - 1, at least one bit.
  function automatic int unsigned index_width(int unsigned n);
    return n > 1 ? unsigned'($clog2(n)) : 1;
  endfunction
endpackage
