//! What an evaluation collects user by user, and the figures it becomes.

use genrec_data::ItemId;

use crate::{
    Bootstrap, Figure, ItemSlices, Metric, Ranked, Slice, SliceFigures, Spread, coverage, gini,
    mean_popularity,
};

/// One row of metrics a user: `[users, ks * metrics]`, so that the bootstrap can draw users.
struct Rows {
    rows: Vec<f64>,
    targets: usize,
}

impl Rows {
    fn with_capacity(users: usize, width: usize) -> Self {
        Self {
            rows: Vec::with_capacity(users * width),
            targets: 0,
        }
    }

    fn push(&mut self, ks: &[usize], ranks: &[u32], targets: usize) {
        self.targets += targets;
        for &k in ks {
            let metrics = Metric::ALL.map(|metric| metric.at(k, ranks, targets));
            self.rows.extend(metrics);
        }
    }

    /// Means over the users; none where there is no user.
    fn figures(&self, ks: &[usize], bootstrap: &Bootstrap) -> Vec<Figure> {
        let width = ks.len() * Metric::ALL.len();
        let users = self.rows.len() / width;
        if users == 0 {
            return Vec::new();
        }
        let mut sums = vec![0.0; width];
        for row in self.rows.chunks_exact(width) {
            for (sum, figure) in sums.iter_mut().zip(row) {
                *sum += figure;
            }
        }
        let intervals = bootstrap.intervals(&self.rows, width);
        let columns = ks
            .iter()
            .flat_map(|&k| Metric::ALL.map(|metric| (metric, k)));
        columns
            .enumerate()
            .map(|(column, (metric, k))| Figure {
                metric,
                k,
                value: sums[column] / users as f64,
                interval: intervals.get(column).copied(),
            })
            .collect()
    }
}

/// Everything that one evaluation adds up; buffers are reused from user to user.
pub(crate) struct Tally<'a> {
    ks: &'a [usize],
    slices: Option<&'a ItemSlices>,
    overall: Rows,
    by_slice: Vec<Rows>,
    /// How often each item was among the first k, `[ks, items]`.
    recommended: Vec<Vec<u32>>,
    short_lists: usize,
    /// The last user for whom an item was a target, `[items]`: marks need no clearing between users.
    wanted: Vec<u32>,
    user: u32,
    distinct: Vec<ItemId>,
    found: Vec<(ItemId, u32)>,
    ranks: Vec<u32>,
}

impl<'a> Tally<'a> {
    /// `ks` must rise.
    pub(crate) fn new(
        ks: &'a [usize],
        items: usize,
        users: usize,
        slices: Option<&'a ItemSlices>,
    ) -> Self {
        let width = ks.len() * Metric::ALL.len();
        let by_slice = slices.map_or(0, |_| Slice::ALL.len());
        Self {
            ks,
            slices,
            overall: Rows::with_capacity(users, width),
            by_slice: (0..by_slice)
                .map(|_| Rows::with_capacity(0, width))
                .collect(),
            recommended: vec![vec![0; items]; ks.len()],
            short_lists: 0,
            wanted: vec![0; items],
            user: 0,
            distinct: Vec::new(),
            found: Vec::new(),
            ranks: Vec::new(),
        }
    }

    /// Adds the answer for one user; `targets` are not empty, and the list has been checked.
    pub(crate) fn add(&mut self, targets: &[ItemId], ranked: &Ranked) {
        self.user += 1;
        self.distinct.clear();
        for &target in targets {
            let mark = &mut self.wanted[target.index()];
            if *mark != self.user {
                *mark = self.user;
                self.distinct.push(target);
            }
        }
        self.found.clear();
        for (&item, &rank) in ranked.items().iter().zip(ranked.ranks()) {
            if self.wanted[item.index()] == self.user {
                self.found.push((item, rank));
            }
        }

        self.ranks.clear();
        self.ranks.extend(self.found.iter().map(|&(_, rank)| rank));
        self.overall.push(self.ks, &self.ranks, self.distinct.len());
        self.add_to_slices();

        for (&k, counts) in self.ks.iter().zip(&mut self.recommended) {
            for item in ranked.items().iter().take(k) {
                counts[item.index()] += 1;
            }
        }
        let asked = self.ks.last().map_or(0, |&k| k.min(self.wanted.len()));
        self.short_lists += usize::from(ranked.len() < asked);
    }

    /// A slice sees the users who have a target in it, and of those users only these targets.
    fn add_to_slices(&mut self) {
        let Some(slices) = self.slices else {
            return;
        };
        for (slice, rows) in Slice::ALL.into_iter().zip(&mut self.by_slice) {
            let targets = self
                .distinct
                .iter()
                .filter(|&&target| slices.contains(slice, target))
                .count();
            if targets > 0 {
                self.ranks.clear();
                let inside = |item: ItemId| slices.contains(slice, item);
                self.ranks.extend(
                    self.found
                        .iter()
                        .filter(|(item, _)| inside(*item))
                        .map(|&(_, rank)| rank),
                );
                rows.push(self.ks, &self.ranks, targets);
            }
        }
    }

    /// Lists that have fewer items than were asked for and than the catalogue has.
    pub(crate) fn short_lists(&self) -> usize {
        self.short_lists
    }

    pub(crate) fn figures(&self, bootstrap: &Bootstrap) -> Vec<Figure> {
        self.overall.figures(self.ks, bootstrap)
    }

    pub(crate) fn slice_figures(&self, bootstrap: &Bootstrap) -> Vec<SliceFigures> {
        let Some(slices) = self.slices else {
            return Vec::new();
        };
        let width = self.ks.len() * Metric::ALL.len();
        Slice::ALL
            .into_iter()
            .zip(&self.by_slice)
            .map(|(slice, rows)| SliceFigures {
                slice,
                items: slices.items_in(slice),
                users: rows.rows.len() / width,
                targets: rows.targets,
                figures: rows.figures(self.ks, bootstrap),
            })
            .collect()
    }

    pub(crate) fn spread(&self) -> Vec<Spread> {
        self.ks
            .iter()
            .zip(&self.recommended)
            .map(|(&k, counts)| Spread {
                k,
                coverage: coverage(counts),
                gini: gini(counts),
                mean_popularity: self
                    .slices
                    .and_then(|slices| mean_popularity(counts, slices.popularity())),
            })
            .collect()
    }
}
