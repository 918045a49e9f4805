# The design around the macro, in order of dependency, after the files of rtl.f. capram_board_pkg.sv
# is generated from registers.yaml.
capram_board_pkg.sv
capram_uart_rx.sv
capram_uart_tx.sv
capram_crc.sv
capram_uartbone.sv
capram_board_regs.sv
capram_emulated_macro.sv
capram_fpga.sv
capram_reset.sv
