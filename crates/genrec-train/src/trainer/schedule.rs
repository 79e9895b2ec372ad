//! The learning rate.

use burn::lr_scheduler::{
    LrSchedulerConfig, cosine::CosineAnnealingLrSchedulerConfig, linear::LinearLrSchedulerConfig,
    module_lr_scheduler::ModuleLrScheduler, sequential::SequentialLrSchedulerConfig,
};

use super::TrainingConfig;
use crate::{Error, Result};

/// Linear warm-up, then a cosine down to zero.
pub(super) fn schedule(config: &TrainingConfig, steps: usize) -> Result<ModuleLrScheduler> {
    let warmup = ((steps as f64 * config.warmup).round() as usize).min(steps.saturating_sub(1));
    let cosine = CosineAnnealingLrSchedulerConfig::new(config.learning_rate, steps - warmup);
    let schedule = if warmup == 0 {
        cosine.init()
    } else {
        let rise = LinearLrSchedulerConfig::new(
            config.learning_rate / warmup as f64,
            config.learning_rate,
            warmup,
        );
        SequentialLrSchedulerConfig::new(
            vec![
                LrSchedulerConfig::Linear(rise),
                LrSchedulerConfig::Cosine(cosine),
            ],
            vec![warmup],
        )
        .init()
    };
    schedule.map_err(|reason| Error::Config {
        what: "learning rate schedule",
        found: reason,
        expected: "a learning rate above 0 and at most 1".into(),
    })
}
