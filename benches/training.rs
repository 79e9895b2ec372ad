//! Training steps.

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};

/// A module that is trained with AdamW, one step after the other.
pub(crate) struct Training<M> {
    module: Option<M>,
    optimizer: ModuleOptimizer,
    device: Device,
}

impl<M: Module> Training<M> {
    /// The first step comes next; the module has to be on `device`, which differentiates.
    pub(crate) fn new(module: M, device: &Device) -> Self {
        Self {
            module: Some(module),
            optimizer: AdamWConfig::new().with_epsilon(1e-8).init(),
            device: device.clone(),
        }
    }

    /// Forward, backward, AdamW; waits until the device is done.
    pub(crate) fn step(&mut self, loss: impl FnOnce(&M) -> Tensor<1>) {
        // Not cloned: what is used once only can be updated in place.
        let module = self.module.take().expect("the last step put it back");
        let gradients = GradientsParams::from_grads(loss(&module).backward(), &module);
        self.module = Some(self.optimizer.step(1e-3, module, gradients));
        self.device.sync().expect("the device does the work");
    }
}
