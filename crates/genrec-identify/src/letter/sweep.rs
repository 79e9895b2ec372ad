use super::LetterConfig;
use crate::{Error, Result};

/// A setting of LETTER that its paper sweeps over several values (section 4.4). The sixth, the temperature of the ranking-guided loss, is one of the recommender's
/// training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// L, the codes of an identifier.
    Levels,
    /// N, the codewords of every level.
    Codewords,
    /// The weight of the collaborative term.
    Alpha,
    /// The weight of the diversity term.
    Beta,
    /// K, the clusters of a codebook.
    Clusters,
}

impl LetterConfig {
    /// The same with one setting changed. Where codewords or clusters change, the sizes of clusters go along: from .4 to 2.4 times an even share, as the paper's 10 to 60
    /// are around 25.6.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if levels, codewords or clusters are no whole number of at least 1, or if the configuration lacks the term that the setting belongs to.
    pub fn with_setting(mut self, setting: Setting, value: f64) -> Result<Self> {
        let sizes = |config: &Self| {
            let codewords = config.rqvae.quantizer.codebook_sizes.first().copied();
            codewords.zip(config.diversity.as_ref().map(|term| term.clusters))
        };
        let before = sizes(&self);
        let count = || match value.fract() == 0.0 && (1.0..1e9).contains(&value) {
            true => Ok(value as usize),
            false => Err(Error::Config {
                option: "LetterConfig::with_setting",
                expected: format!("a whole number of at least 1 for {setting:?}"),
                found: value.to_string(),
            }),
        };
        let lacks = |term: &str| Error::Config {
            option: "LetterConfig::with_setting",
            expected: format!("a configuration with the {term} term, which {setting:?} belongs to"),
            found: "none".into(),
        };
        match setting {
            Setting::Levels => self = self.with_levels(count()?),
            Setting::Codewords => self.rqvae.quantizer.codebook_sizes.fill(count()?),
            Setting::Alpha => {
                let term = self.collaborative.as_mut();
                term.ok_or_else(|| lacks("collaborative"))?.weight = value;
            }
            Setting::Beta => {
                let term = self.diversity.as_mut();
                term.ok_or_else(|| lacks("diversity"))?.weight = value;
            }
            Setting::Clusters => {
                let term = self.diversity.as_mut();
                term.ok_or_else(|| lacks("diversity"))?.clusters = count()?;
            }
        }
        let after = sizes(&self);
        if let (true, Some((codewords, clusters)), Some(term)) =
            (after != before, after, &mut self.diversity)
        {
            let even = codewords as f64 / clusters as f64;
            term.min_size = ((even * 0.4) as usize).max(1);
            term.max_size = (even * 2.4).ceil() as usize;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_changes_what_it_names() {
        let config = LetterConfig::quick(8);
        let with = |setting, value| config.clone().with_setting(setting, value).unwrap();
        let sizes = |config: &LetterConfig| config.rqvae.quantizer.codebook_sizes.clone();
        assert_eq!(sizes(&with(Setting::Levels, 2.0)), [256, 256]);
        let fewer = with(Setting::Codewords, 64.0);
        assert_eq!(sizes(&fewer), [64; 4]);
        let term = fewer.diversity.clone().unwrap();
        assert_eq!((term.min_size, term.max_size), (2, 16));
        let alpha = with(Setting::Alpha, 0.5).collaborative.unwrap().weight;
        assert_eq!(alpha, 0.5);
        assert_eq!(with(Setting::Beta, 0.5).diversity.unwrap().weight, 0.5);
        assert_eq!(with(Setting::Clusters, 10.0), config);
        let term = with(Setting::Clusters, 20.0).diversity.unwrap();
        assert_eq!((term.min_size, term.max_size), (5, 31));
        for (setting, value) in [
            (Setting::Codewords, 16.0),
            (Setting::Codewords, 1024.0),
            (Setting::Clusters, 2.0),
            (Setting::Clusters, 64.0),
        ] {
            with(setting, value).check().unwrap();
        }
    }

    #[test]
    fn what_is_no_count_or_has_no_term_is_refused() {
        let config = LetterConfig::quick(8);
        for value in [0.0, -1.0, 2.5, f64::NAN, f64::INFINITY] {
            for setting in [Setting::Levels, Setting::Codewords, Setting::Clusters] {
                config.clone().with_setting(setting, value).unwrap_err();
            }
        }
        let plain = config.without_regularizers();
        for setting in [Setting::Alpha, Setting::Beta, Setting::Clusters] {
            let error = plain.clone().with_setting(setting, 1.0).unwrap_err();
            assert!(error.to_string().contains("term"), "{error}");
        }
    }
}
