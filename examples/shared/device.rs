//! Which of the back ends that were built in does the work.

use burn::tensor::Device;
use clap::ValueEnum;

/// A back end. Which ones there are is decided by the features of the package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// The CPU.
    #[cfg(feature = "flex")]
    Flex,
    /// An NVIDIA GPU.
    #[cfg(feature = "cuda")]
    Cuda,
    /// Any GPU with a Vulkan driver.
    #[cfg(feature = "vulkan")]
    Vulkan,
    /// The CPU, by Burn's older back end.
    #[cfg(feature = "ndarray")]
    Ndarray,
}

impl Backend {
    /// The back end's first device.
    pub(crate) fn device(self) -> Device {
        match self {
            #[cfg(feature = "flex")]
            Self::Flex => Device::flex(),
            #[cfg(feature = "cuda")]
            Self::Cuda => Device::cuda(0_usize),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Device::vulkan(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "Burn deprecates this back end, and still has it")]
            Self::Ndarray => Device::ndarray(),
        }
    }
}
