//! What an evaluation found user by user.

use genrec_data::UserId;
use serde::{Deserialize, Serialize};

use crate::Metric;

/// Every metric at every k of every user: what a test over users needs and a mean no longer has.
///
/// [`evaluate`](crate::evaluate) keeps it in the [`Report`](crate::Report), and so do the report's JSON files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcomes {
    columns: Vec<(Metric, usize)>,
    users: Vec<UserId>,
    /// `[users, columns]`, row-major.
    rows: Vec<f64>,
}

impl Outcomes {
    pub(crate) fn new(ks: &[usize], users: Vec<UserId>, rows: Vec<f64>) -> Self {
        let columns: Vec<(Metric, usize)> = columns(ks).collect();
        debug_assert_eq!(rows.len(), users.len() * columns.len());
        Self {
            columns,
            users,
            rows,
        }
    }

    /// Whether there is a figure for every metric at each of `ks` for each of `users` users: a file may say anything.
    pub(crate) fn fit(&self, users: usize, ks: &[usize]) -> bool {
        let cells = self.users.len().checked_mul(self.columns.len());
        self.users.len() == users
            && self.columns.iter().copied().eq(columns(ks))
            && cells == Some(self.rows.len())
    }

    /// The mean of several outcomes of the same users and columns.
    pub(crate) fn mean(all: &[&Self]) -> Self {
        let mut rows = vec![0.0; all[0].rows.len()];
        for outcomes in all {
            for (mean, figure) in rows.iter_mut().zip(&outcomes.rows) {
                *mean += figure / all.len() as f64;
            }
        }
        Self {
            rows,
            ..all[0].clone()
        }
    }

    /// The users, in the order of the cases.
    #[must_use]
    pub fn users(&self) -> &[UserId] {
        &self.users
    }

    /// The metrics and where their lists were cut, in the order of a user's figures.
    #[must_use]
    pub fn columns(&self) -> &[(Metric, usize)] {
        &self.columns
    }

    /// The figures of each user in the order of [`columns`](Self::columns), users in the order of [`users`](Self::users).
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.rows.chunks_exact(self.columns.len())
    }

    /// One metric at one k of each user, in the order of [`users`](Self::users); `None` if it was not measured at this k.
    #[must_use]
    pub fn of(&self, metric: Metric, k: usize) -> Option<Vec<f64>> {
        let column = self
            .columns
            .iter()
            .position(|&column| column == (metric, k))?;
        Some(self.rows().map(|row| row[column]).collect())
    }

    /// The mean over users of every column.
    pub(crate) fn means(&self) -> Vec<f64> {
        let mut means = vec![0.0; self.columns.len()];
        for row in self.rows() {
            for (mean, figure) in means.iter_mut().zip(row) {
                *mean += figure;
            }
        }
        means
            .iter()
            .map(|sum| sum / self.users.len() as f64)
            .collect()
    }

    /// `[users, columns]`, row-major.
    pub(crate) fn flat(&self) -> &[f64] {
        &self.rows
    }
}

/// The order of a user's figures.
pub(crate) fn columns(ks: &[usize]) -> impl Iterator<Item = (Metric, usize)> {
    ks.iter()
        .flat_map(|&k| Metric::ALL.map(|metric| (metric, k)))
}
