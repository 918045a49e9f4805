# The macro, in order of dependency. capram_reg_pkg.sv is generated from registers.yaml.
capram_pkg.sv
capram_reg_pkg.sv
capram_ram.sv
capram_pulse_timer.sv
capram_queue.sv
capram_loader.sv
capram_sequencer.sv
capram_cisar.sv
capram_post_lane.sv
capram_post.sv
capram_sram.sv
capram_settings.sv
capram_bus.sv
capram_macro.sv
