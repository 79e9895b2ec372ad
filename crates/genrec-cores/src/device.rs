//! What a device is.

use burn::tensor::Device;

/// Whether a device is the cores of the host (the back ends flex and ndarray). Their elementwise operations use one core each, so works are to be done side by side, as many as there are cores; an
/// accelerator is kept busy by one large work.
pub fn on_cores(device: &Device) -> bool {
    // A device does not say what it is but in words.
    let words = format!("{:?}", device.as_dispatch());
    ["Flex", "NdArray"].iter().any(|name| words.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_end_of_tests_is_cores_with_gradients_and_without() {
        assert!(on_cores(&Device::default()));
        assert!(on_cores(&Device::default().autodiff()));
    }
}
