//! Training steps.

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use genrec::cores::{adamw, side_by_side};

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
            optimizer: adamw(1e-4),
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

    /// The same with a batch in pieces, as the trainers of genrec have it: their graphs side by side, the gradients added. `loss` is that of a piece,
    /// by its share of the batch.
    pub(crate) fn step_in_pieces(&mut self, pieces: usize, loss: impl Fn(&M) -> Tensor<1> + Sync)
    where
        M: Sync,
    {
        let module = self.module.take().expect("the last step put it back");
        let weights = module.valid();
        let found = side_by_side((0..pieces).collect(), |_: usize| {
            let module = weights.clone().train();
            GradientsParams::from_grads(loss(&module).backward(), &module)
        });
        let mut gradients = GradientsAccumulator::new();
        for piece in found {
            gradients.accumulate(&module, piece);
        }
        self.module = Some(self.optimizer.step(1e-3, module, gradients.grads()));
        self.device.sync().expect("the device does the work");
    }
}
