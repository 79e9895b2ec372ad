//! What only the crates together can show: the way from data to a report, systems that survive the disk, and trainings that survive a kill.

#[cfg(any(feature = "cuda", feature = "vulkan", feature = "ndarray"))]
mod devices;
mod fixture;
mod killed;
mod language;
mod pipeline;
mod quantizers;
mod retrieval;
mod system;
