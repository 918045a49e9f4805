# The design around the macro, in order of dependency, relative to rtl/fpga; the macro itself is
# rtl/rtl.f and comes first. capram_board_pkg.sv is generated from rtl/fpga/registers.yaml. Then comes
# the top of a board, which the board's file names.
capram_board_pkg.sv
capram_emu_pkg.sv
capram_emu_cells.sv
capram_emu_multiplier.sv
capram_emu_noise.sv
capram_emu_history.sv
capram_emu_sequencer.sv
capram_emulator.sv
capram_stepper.sv
capram_emulated_macro.sv
capram_uart_rx.sv
capram_uart_tx.sv
capram_crc.sv
capram_uartbone.sv
capram_board_regs.sv
capram_fpga.sv
capram_reset.sv
ice40_cells.sv
