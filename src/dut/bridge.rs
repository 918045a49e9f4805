//! The only place where Rust and C++ meet.

#[cxx::bridge(namespace = "capram")]
pub mod ffi {
    unsafe extern "C++" {
        include!("capram/src/dut/dut.h");

        /// A Verilated model; owned by the pointer, used by one thread at a time.
        type Dut;

        fn tick(self: Pin<&mut Dut>, drive: &[u32], pins: &mut [u32]) -> Result<()>;
        fn replay(self: Pin<&mut Dut>, drives: &[u32], cycles: usize) -> Result<u32>;
        fn volts(&self) -> usize;
        fn set_volts(self: Pin<&mut Dut>, volts: &[f64]);
        fn states(&self) -> usize;
        fn copy_states(&self, words: &mut [u32]);
        fn edges(&self) -> u64;
        fn open_waves(self: Pin<&mut Dut>, path: &str, period_ps: f64) -> Result<()>;
        fn close_waves(self: Pin<&mut Dut>);
        fn restart_clock(self: Pin<&mut Dut>);

        fn new_dut(model: &str) -> Result<UniquePtr<Dut>>;
        fn verilator_version() -> String;
    }
}
