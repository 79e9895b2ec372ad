use burn::config::Config;

use crate::error::{Error, Result};

/// Options of [`LightGcn`](super::LightGcn) and of its training; the defaults are those of the paper's section 4.1.
#[derive(Config, Debug, PartialEq)]
pub struct LightGcnConfig {
    /// The width of the rows. Default: 64.
    #[config(default = 64)]
    pub d_model: usize,
    /// How often rows are propagated along the graph; 0 is matrix factorization with the same loss (BPR-MF). Default: 3.
    #[config(default = 3)]
    pub layers: usize,
    /// The most times every interaction is learnt from. Default: 200.
    #[config(default = 200)]
    pub epochs: usize,
    /// Comparisons a step. Default: 2048.
    #[config(default = 2048)]
    pub batch: usize,
    /// The learning rate of Adam. Default: 1e-3.
    #[config(default = 1e-3)]
    pub learning_rate: f64,
    /// The weight of the penalty on the layer-0 rows of a batch, half their squared length. Default: 1e-4.
    #[config(default = 1e-4)]
    pub l2: f64,
    /// The standard deviation of the layer-0 rows at the start. Default: 0.1.
    #[config(default = 0.1)]
    pub init_std: f64,
    /// When [`fit_validated`](Self::fit_validated) measures and gives up. Default: every 10 epochs, 5 times without gain.
    #[config(default = "EarlyStopping::new()")]
    pub early_stopping: EarlyStopping,
}

/// When a model that is measured on validation cases while it learns stops learning.
#[derive(Config, Debug, PartialEq, Eq)]
pub struct EarlyStopping {
    /// Epochs from one measurement to the next. Default: 10.
    #[config(default = 10)]
    pub every: usize,
    /// The measurements without a new best after which training stops. Default: 5.
    #[config(default = 5)]
    pub patience: usize,
    /// The length of the lists that NDCG is measured on. Default: 10.
    #[config(default = 10)]
    pub k: usize,
}

impl LightGcnConfig {
    /// Matrix factorization by pairwise comparisons, BPR-MF (Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", 2009): LightGCN without
    /// propagation.
    pub fn bpr_mf() -> Self {
        Self::new().with_layers(0)
    }

    /// Refuses values that no training can use.
    pub(super) fn check(&self) -> Result<()> {
        let counts = [
            ("d_model", self.d_model),
            ("batch", self.batch),
            ("early_stopping.every", self.early_stopping.every),
            ("early_stopping.patience", self.early_stopping.patience),
            ("early_stopping.k", self.early_stopping.k),
        ];
        if let Some((option, _)) = counts.into_iter().find(|&(_, count)| count == 0) {
            return Err(Error::Option {
                option,
                found: "0".into(),
                expected: "at least 1",
            });
        }
        let positive = |option, value: f64, zero: bool| match value.is_finite()
            && (value > 0.0 || zero && value == 0.0)
        {
            true => Ok(()),
            false => {
                let expected = if zero {
                    "a finite number of at least 0"
                } else {
                    "a finite number above 0"
                };
                Err(Error::Option {
                    option,
                    found: value.to_string(),
                    expected,
                })
            }
        };
        positive("learning_rate", self.learning_rate, false)?;
        positive("init_std", self.init_std, false)?;
        positive("l2", self.l2, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_papers() {
        let config = LightGcnConfig::new();
        assert_eq!((config.d_model, config.layers, config.batch), (64, 3, 2048));
        assert_eq!(
            (config.learning_rate, config.l2, config.init_std),
            (1e-3, 1e-4, 0.1)
        );
        assert!(config.check().is_ok());
    }

    #[test]
    fn impossible_options_are_refused() {
        let refused = |config: LightGcnConfig| config.check().unwrap_err().to_string();
        let new = LightGcnConfig::new;
        assert_eq!(
            refused(new().with_d_model(0)),
            "option `d_model` is 0, expected at least 1"
        );
        assert_eq!(
            refused(new().with_l2(-1.0)),
            "option `l2` is -1, expected a finite number of at least 0"
        );
        assert_eq!(
            refused(new().with_init_std(0.0)),
            "option `init_std` is 0, expected a finite number above 0"
        );
        assert!(refused(new().with_learning_rate(f64::NAN)).contains("learning_rate"));
        assert!(
            refused(new().with_early_stopping(EarlyStopping::new().with_every(0)))
                .contains("every")
        );
        assert!(new().with_layers(0).with_l2(0.0).check().is_ok());
    }
}
