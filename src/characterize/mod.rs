//! What a chip is worth: figures of merit of its ADCs and of its computation, and the calibration
//! that the post-processor needs. Nothing here knows how the codes came about, so that a plant, a
//! batch model or the RTL can be measured alike.

pub mod calibrate;
pub mod metrics;
