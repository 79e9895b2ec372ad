//! Settings of a beam search.

use serde::{Deserialize, Serialize};

use super::BeamSearch;
use crate::{Error, Result};

/// Settings of a [`BeamSearch`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeamSearchConfig {
    /// How many values a request is answered with, as long as so many remain after its filter.
    pub results: usize,
    /// How many prefixes a request follows after each level, from the first; the last width is also
    /// that of all deeper levels.
    pub widths: Vec<usize>,
}

impl BeamSearchConfig {
    /// A search for the best `results` values of every request, as wide as that.
    pub fn new(results: usize) -> Self {
        Self {
            results,
            widths: vec![results],
        }
    }

    /// One width for all levels. The wider, the more often the best values are found; at least the
    /// number of nodes of the trie's largest level makes the search exhaustive.
    pub fn with_width(mut self, width: usize) -> Self {
        self.widths = vec![width];
        self
    }

    /// A width for each level, from the first; the last one is also that of all deeper levels.
    pub fn with_widths(mut self, widths: Vec<usize>) -> Self {
        self.widths = widths;
        self
    }

    /// The search.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroResults`], [`Error::NoWidths`] or [`Error::ZeroWidth`].
    pub fn init(&self) -> Result<BeamSearch> {
        if self.results == 0 {
            return Err(Error::ZeroResults);
        }
        if self.widths.is_empty() {
            return Err(Error::NoWidths);
        }
        if let Some(level) = self.widths.iter().position(|&width| width == 0) {
            return Err(Error::ZeroWidth { level });
        }
        Ok(BeamSearch {
            config: self.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_width_goes_on() {
        let search = BeamSearchConfig::new(5)
            .with_widths(vec![7, 3])
            .init()
            .unwrap();
        assert_eq!([0, 1, 2, 9].map(|level| search.width(level)), [7, 3, 3, 3]);
        let search = BeamSearchConfig::new(5).init().unwrap();
        assert_eq!((search.width(0), search.width(4)), (5, 5));
    }

    #[test]
    fn settings_that_find_nothing_are_refused() {
        let refused = |config: BeamSearchConfig| config.init().unwrap_err();
        assert_eq!(refused(BeamSearchConfig::new(0)), Error::ZeroResults);
        let config = BeamSearchConfig::new(1);
        assert_eq!(refused(config.clone().with_widths(vec![])), Error::NoWidths);
        let widths = vec![3, 0];
        assert_eq!(
            refused(config.with_widths(widths)),
            Error::ZeroWidth { level: 1 }
        );
    }

    #[test]
    fn settings_are_saved_and_read_back() {
        let config = BeamSearchConfig::new(10).with_widths(vec![40, 20]);
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(json, r#"{"results":10,"widths":[40,20]}"#);
        assert_eq!(
            serde_json::from_str::<BeamSearchConfig>(&json).unwrap(),
            config
        );
    }
}
