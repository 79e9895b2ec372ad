//! Element-wise work on the cores of the host.
//!
//! A CPU back end's element-wise operations use one core each, allocate their results, and call a mathematical library once a number. What is here does the same in the memory of its argument, on
//! all cores, several numbers at once; on an accelerator, and where gradients are recorded, it is the plain composition of Burn's operations.
//!
//! *In:* tensors. *Out:* tensors; to within a few units of the last place, what Burn's own operations give.
//!
//! - [`on_cores`]: whether a device is the host.
//! - [`exp`], [`erfc`]: of single numbers, inlined into loops that a compiler makes vectors of.
//! - [`gelu`], [`softmax`]: activations.

mod activation;
mod device;
mod functions;

pub use activation::{gelu, softmax};
pub use device::on_cores;
pub use functions::{erfc, exp};
