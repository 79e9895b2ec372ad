use super::LetterConfig;

/// Which of LETTER's terms a tokenizer has: the rows of the paper's ablation (section 4.3). Its last row, the ranking-guided loss, is a temperature below one in
/// the training of the recommender, over [`Both`](Self::Both)'s identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ablation {
    /// `L_sem` alone: TIGER's tokenizer of this size.
    Semantic,
    /// With `alpha L_CF`.
    Collaborative,
    /// With `beta L_div`.
    Diversity,
    /// With both.
    Both,
}

impl Ablation {
    /// All, in the order of the paper's table.
    pub const ALL: [Self; 4] = [
        Self::Semantic,
        Self::Collaborative,
        Self::Diversity,
        Self::Both,
    ];

    /// The name that tables show.
    pub fn name(self) -> &'static str {
        match self {
            Self::Semantic => "TIGER",
            Self::Collaborative => "TIGER + collaborative",
            Self::Diversity => "TIGER + diversity",
            Self::Both => "LETTER",
        }
    }
}

impl LetterConfig {
    /// The same network and training with those terms only that `ablation` has.
    pub fn ablated(mut self, ablation: Ablation) -> Self {
        if matches!(ablation, Ablation::Semantic | Ablation::Diversity) {
            self.collaborative = None;
        }
        if matches!(ablation, Ablation::Semantic | Ablation::Collaborative) {
            self.diversity = None;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_left_out_one_by_one() {
        let full = LetterConfig::quick(8);
        let terms = |ablation| {
            let config = full.clone().ablated(ablation);
            (config.collaborative.is_some(), config.diversity.is_some())
        };
        let found = Ablation::ALL.map(terms);
        assert_eq!(
            found,
            [(false, false), (true, false), (false, true), (true, true)]
        );
        assert_eq!(full.clone().ablated(Ablation::Both), full);
        assert_eq!(
            full.clone().ablated(Ablation::Semantic),
            full.without_regularizers()
        );
    }
}
