//! Element-wise work on the cores of the host.
//!
//! A CPU back end's element-wise operations use one core each, allocate their results, and call a mathematical library once a number. What is here does the same in the memory of its argument, on
//! all cores, several numbers at once; on an accelerator, and where gradients are recorded, it is Burn's own operations.
//!
//! *In:* tensors. *Out:* tensors, within 1e-6 of what Burn's own operations give for numbers about 1.
//!
//! - [`on_cores`]: whether a device is the host.
//! - [`exp`], [`erfc`]: of single numbers, inlined into loops that a compiler makes vectors of.
//! - [`gelu`], [`attention`]: what encoders of texts spend their time on beside products.
//! - [`side_by_side`]: works that share nothing, a core for each.
//! - [`adamw`]: the step of an optimizer, to the bit that of Burn.

mod activation;
mod adamw;
mod attention;
mod device;
mod functions;
mod in_place;
mod side_by_side;

pub use activation::gelu;
pub use adamw::adamw;
pub use attention::attention;
pub use device::on_cores;
pub use functions::{erfc, exp};
pub use side_by_side::side_by_side;
