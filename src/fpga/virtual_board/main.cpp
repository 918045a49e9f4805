// A board in simulation: one Verilated design with the pins `crystal`, `rx` and `tx`, and on the
// other end of them a UART that standard input and output command.
//
// Arguments: cycles of the board's clock to a bit, plus arguments of the simulation. Numbers are little-endian. A command is a letter
// and two 32-bit arguments a and b, every answer the 64-bit count of cycles so far, the 32-bit count
// n of bytes, and n bytes.
//
//   S a      sends the a bytes that follow the command, one behind the other
//   R a b    receives until a bytes are there, or none has come for b cycles
//   B a      holds the line low for a cycles, then high for as long as a byte
//   I a      lets the line rest for a cycles
//   D        drops what has been received
//
// Nothing else moves time, so the same commands give the same answers.
#include "Vboard.h"
#include "verilated.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <vector>

namespace {

// What comes on the board's tx: every bit is taken in its middle.
class Receiver {
public:
  explicit Receiver(uint32_t clocks_per_bit) : clocks_per_bit_(clocks_per_bit) {}

  void see(bool level) {
    if (wait_ != 0) {
      --wait_;
    } else if (bit_ == 0) {
      if (!level) look(1, clocks_per_bit_ / 2);
    } else if (bit_ == 1) {
      // A start bit that is high again in its middle was none.
      look(level ? 0 : 2, level ? 0 : clocks_per_bit_);
    } else if (bit_ <= 9) {
      byte_ = static_cast<uint8_t>(byte_ >> 1 | (level ? 0x80 : 0));
      look(bit_ + 1, clocks_per_bit_);
    } else if (level) {
      // A byte without its stop bit is none; the line has to be high before the next one.
      if (bit_ == 10) received.push_back(byte_);
      look(0, 0);
    } else {
      bit_ = 11;
    }
  }

  std::vector<uint8_t> received;

private:
  void look(uint32_t bit, uint32_t cycles) {
    bit_  = bit;
    wait_ = cycles == 0 ? 0 : cycles - 1;
  }

  uint32_t clocks_per_bit_;
  uint32_t wait_ = 0;  // cycles to pass over
  uint32_t bit_ = 0;   // 0 idle, 1 start bit, 2 to 9 data, 10 stop bit, 11 waits for a high line
  uint8_t byte_ = 0;
};

class Board {
public:
  explicit Board(uint32_t clocks_per_bit)
      : clocks_per_bit_(clocks_per_bit), receiver(clocks_per_bit) {}
  ~Board() { design_.final(); }

  void hold(bool level, uint64_t count) {
    design_.rx = level;
    for (uint64_t i = 0; i < count; ++i) cycle();
  }

  void send(uint8_t byte) {
    hold(false, clocks_per_bit_);
    for (int i = 0; i < 8; ++i) hold((byte >> i & 1) != 0, clocks_per_bit_);
    hold(true, clocks_per_bit_);
  }

  void receive(size_t count, uint32_t limit) {
    design_.rx = true;
    size_t seen = receiver.received.size();
    for (uint32_t quiet = 0; receiver.received.size() < count && quiet < limit; ++quiet) {
      cycle();
      if (receiver.received.size() == seen) continue;
      seen = receiver.received.size();
      quiet = 0;
    }
  }

  uint64_t byte_cycles() const { return 10 * uint64_t{clocks_per_bit_}; }

private:
  void cycle() {
    design_.crystal = 1;
    design_.eval();
    design_.crystal = 0;
    design_.eval();
    receiver.see(design_.tx != 0);
    ++cycles;
  }

  uint32_t clocks_per_bit_;
  Vboard design_;

public:
  Receiver receiver;
  uint64_t cycles = 0;
};

void write_number(FILE *out, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) fputc(static_cast<int>(number >> 8 * i & 0xff), out);
}

bool read_number(uint32_t &number) {
  uint8_t bytes[4];
  if (fread(bytes, 1, 4, stdin) != 4) return false;
  number = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | uint32_t{bytes[3]} << 24;
  return true;
}

void answer(FILE *out, Board &board, size_t count) {
  auto &received = board.receiver.received;
  if (count > received.size()) count = received.size();
  write_number(out, board.cycles, 8);
  write_number(out, count, 4);
  fwrite(received.data(), 1, count, out);
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(count));
  fflush(out);
}

// One command; false at the end of the input.
bool command(FILE *out, Board &board) {
  const int what = fgetc(stdin);
  uint32_t a = 0, b = 0;
  if (what == EOF || !read_number(a) || !read_number(b)) return false;
  switch (what) {
  case 'S': {
    std::vector<uint8_t> bytes(a);
    if (fread(bytes.data(), 1, a, stdin) != a) return false;
    for (const uint8_t byte : bytes) board.send(byte);
    break;
  }
  case 'R':
    board.receive(a, b);
    break;
  case 'B':
    board.hold(false, a);
    board.hold(true, board.byte_cycles());
    break;
  case 'I':
    board.hold(true, a);
    break;
  case 'D':
    board.receiver.received.clear();
    break;
  default:
    return false;
  }
  answer(out, board, what == 'R' ? a : 0);
  return true;
}

}  // namespace

int main(int argc, char **argv) {
  const long clocks_per_bit = argc >= 2 ? strtol(argv[1], nullptr, 10) : 0;
  if (clocks_per_bit < 4 || clocks_per_bit > 65535) {
    fprintf(stderr, "usage: board CLOCKS_PER_BIT [+ARGUMENT...], CLOCKS_PER_BIT at least 4\n");
    return 2;
  }
  // What the simulation prints must not come between the answers.
  FILE *out = fdopen(dup(1), "wb");
  if (out == nullptr || dup2(2, 1) < 0) return 2;
  Verilated::commandArgs(argc, argv);
  Board board(static_cast<uint32_t>(clocks_per_bit));
  while (command(out, board)) {
  }
  return 0;
}
