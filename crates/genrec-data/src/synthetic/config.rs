//! What the synthetic world is like.

use serde::{Deserialize, Serialize};

use super::SyntheticWorld;
use crate::{Error, Result};

/// What a [`SyntheticWorld`] is like. The defaults give 5,000 users and 1,152 items in a tree of 6 x 4 x 2 categories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticWorldConfig {
    /// How many users there are.
    pub users: usize,
    /// How many items there are, spread evenly over the lowest categories.
    pub items: usize,
    /// How many categories each category has below it, level by level from the top. Names and words are real for up to
    /// 6, 4 and 2 and made up beyond.
    pub branching: Vec<usize>,
    /// How many kinds of users there are: their interests are what a recommender has to infer from a history.
    pub user_types: usize,
    /// In how many of the lowest categories a kind of user is interested; the r-th with weight 1 / r.
    pub interests: usize,
    /// The fewest items of a history.
    pub shortest: usize,
    /// The most items of a history.
    pub longest: usize,
    /// The mean number of items of a history; lengths are binomial between shortest and longest.
    pub mean_length: f64,
    /// Popularity within a category: the r-th item is chosen with a probability proportional to `r^-zipf`.
    pub zipf: f64,
    /// How many items are likely to follow an item; the r-th with weight 1 / r.
    pub followers: usize,
    /// The share of choices that complement one of the last two items.
    pub complement: f64,
    /// Of these, the share that complement the last item but one.
    pub memory: f64,
    /// The share of choices by popularity alone, whoever the user is. What is left to 1 follows the user's interests.
    pub noise: f64,
    /// The share of an item's followers that lie in another category, the same one for all items of a category.
    pub across: f64,
    /// How many times more likely an item of the same style is to become a follower.
    pub style_affinity: f64,
    /// The share of words in descriptions that have nothing to do with the item.
    pub text_noise: f64,
}

impl Default for SyntheticWorldConfig {
    fn default() -> Self {
        Self {
            users: 5_000,
            items: 1_152,
            branching: vec![6, 4, 2],
            user_types: 48,
            interests: 3,
            shortest: 5,
            longest: 15,
            mean_length: 9.0,
            zipf: 1.2,
            followers: 10,
            complement: 0.3,
            memory: 0.25,
            noise: 0.1,
            across: 0.6,
            style_affinity: 8.0,
            text_noise: 0.15,
        }
    }
}

macro_rules! with {
    ($($method:ident: $field:ident, $type:ty;)*) => {
        $(
            #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
            #[must_use]
            pub fn $method(self, $field: $type) -> Self {
                Self { $field, ..self }
            }
        )*
    };
}

impl SyntheticWorldConfig {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    with! {
        with_users: users, usize;
        with_items: items, usize;
        with_branching: branching, Vec<usize>;
        with_user_types: user_types, usize;
        with_interests: interests, usize;
        with_shortest: shortest, usize;
        with_longest: longest, usize;
        with_mean_length: mean_length, f64;
        with_zipf: zipf, f64;
        with_followers: followers, usize;
        with_complement: complement, f64;
        with_memory: memory, f64;
        with_noise: noise, f64;
        with_across: across, f64;
        with_style_affinity: style_affinity, f64;
        with_text_noise: text_noise, f64;
    }

    /// How many categories of the lowest level there are.
    #[must_use]
    pub fn leaves(&self) -> usize {
        self.branching.iter().product()
    }

    /// Makes the world: the same seed gives the same world. With the same seed and more users, the catalogue and the first
    /// users stay the same.
    ///
    /// # Panics
    ///
    /// If [`check`](Self::check) finds fault; call it first for a configuration that comes from outside.
    #[must_use]
    pub fn generate(&self, seed: u64) -> SyntheticWorld {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        SyntheticWorld::new(self.clone(), seed)
    }

    /// Whether there can be such a world.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] with the first field that makes no sense.
    pub fn check(&self) -> Result<()> {
        let wrong = |field, found: &dyn std::fmt::Debug, expected| {
            Err(Error::InvalidConfig {
                config: "SyntheticWorldConfig",
                field,
                found: format!("{found:?}"),
                expected,
            })
        };
        let share = |value: f64| (0.0..=1.0).contains(&value);
        if self.users == 0 || u32::try_from(self.users).is_err() {
            return wrong("users", &self.users, "at least one, within 32 bits");
        }
        if self.branching.is_empty() || self.branching.contains(&0) {
            return wrong(
                "branching",
                &self.branching,
                "at least one level, and one category or more below each",
            );
        }
        if self.items < 2 * self.leaves() || u32::try_from(self.items).is_err() {
            return wrong(
                "items",
                &self.items,
                "at least two for each lowest category, within 32 bits",
            );
        }
        if self.user_types == 0 {
            return wrong("user_types", &self.user_types, "at least one");
        }
        if self.interests == 0 || self.interests > self.leaves() {
            return wrong(
                "interests",
                &self.interests,
                "at least one and no more than there are lowest categories",
            );
        }
        if self.shortest == 0 || self.shortest > self.longest {
            return wrong(
                "shortest",
                &self.shortest,
                "at least 1 and no more than longest",
            );
        }
        if self.longest > self.items / 2 {
            return wrong(
                "longest",
                &self.longest,
                "no more than half the items, as no item is taken twice",
            );
        }
        if !(self.shortest as f64..=self.longest as f64).contains(&self.mean_length) {
            return wrong(
                "mean_length",
                &self.mean_length,
                "a value from shortest to longest",
            );
        }
        if !(0.0..=10.0).contains(&self.zipf) {
            return wrong("zipf", &self.zipf, "an exponent from 0 (all alike) to 10");
        }
        if self.followers == 0 || self.followers >= self.items / self.leaves() {
            return wrong(
                "followers",
                &self.followers,
                "at least one and fewer than a lowest category has items",
            );
        }
        if !share(self.memory) {
            return wrong("memory", &self.memory, "a share from 0 to 1");
        }
        if !(share(self.noise) && self.noise > 0.0) {
            return wrong(
                "noise",
                &self.noise,
                "a share above 0, so that every item can follow, and up to 1",
            );
        }
        if !(share(self.complement) && self.complement + self.noise <= 1.0) {
            return wrong(
                "complement",
                &self.complement,
                "a share from 0 to 1 - noise",
            );
        }
        if !share(self.across) {
            return wrong("across", &self.across, "a share from 0 to 1");
        }
        if !(self.style_affinity.is_finite() && self.style_affinity > 0.0) {
            return wrong(
                "style_affinity",
                &self.style_affinity,
                "a finite value above 0",
            );
        }
        if !share(self.text_noise) {
            return wrong("text_noise", &self.text_noise, "a share from 0 to 1");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_survive_json_and_missing_fields_are_defaults() {
        let config = SyntheticWorldConfig::new().with_users(7).with_zipf(0.5);
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<SyntheticWorldConfig>(&json).unwrap(),
            config
        );
        let sparse: SyntheticWorldConfig =
            serde_json::from_str(r#"{"users": 7, "zipf": 0.5}"#).unwrap();
        assert_eq!(sparse, config);
        assert!(serde_json::from_str::<SyntheticWorldConfig>(r#"{"user": 7}"#).is_err());
    }

    #[test]
    fn every_senseless_field_is_named() {
        let config = SyntheticWorldConfig::new;
        let senseless = [
            ("users", config().with_users(0)),
            ("branching", config().with_branching(vec![3, 0])),
            ("branching", config().with_branching(Vec::new())),
            ("items", config().with_items(95)),
            ("user_types", config().with_user_types(0)),
            ("interests", config().with_interests(49)),
            ("shortest", config().with_shortest(16)),
            ("longest", config().with_longest(577)),
            ("mean_length", config().with_mean_length(4.0)),
            ("mean_length", config().with_mean_length(f64::NAN)),
            ("zipf", config().with_zipf(f64::INFINITY)),
            ("followers", config().with_followers(24)),
            ("memory", config().with_memory(1.1)),
            ("noise", config().with_noise(0.0)),
            ("complement", config().with_complement(0.96)),
            ("across", config().with_across(-0.1)),
            ("style_affinity", config().with_style_affinity(0.0)),
            ("text_noise", config().with_text_noise(2.0)),
        ];
        for (name, config) in senseless {
            match config.check() {
                Err(Error::InvalidConfig { field, .. }) => assert_eq!(field, name),
                other => panic!("{name}: {other:?}"),
            }
        }
        config().check().unwrap();
    }

    #[test]
    #[should_panic(expected = "SyntheticWorldConfig.noise: found 0.0, expected a share above 0")]
    fn a_senseless_world_is_not_made() {
        let _ = SyntheticWorldConfig::new().with_noise(0.0).generate(1);
    }
}
