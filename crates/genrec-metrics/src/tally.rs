//! What an evaluation collects user by user, and the figures it becomes.

use std::ops::Range;

use genrec_data::{ItemId, ItemSet};

use crate::{
    Bootstrap, Figure, ItemSlices, Metric, Ranked, Slice, SliceFigures, Spread, TieRule, coverage,
    gini, mean_popularity, outcomes::columns, ranked::Places, ties::Hits,
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

    fn push(&mut self, ks: &[usize], hits: &Hits, targets: usize) {
        self.targets += targets;
        for &k in ks {
            let metrics = Metric::ALL.map(|metric| hits.metric(metric, k, targets));
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
        columns(ks)
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
    /// The items that compete; `None` for all.
    candidates: Option<&'a ItemSet>,
    overall: Rows,
    by_slice: Vec<Rows>,
    /// How often each item was among the first k, `[ks, items]`.
    recommended: Vec<Vec<u32>>,
    short_lists: usize,
    tied_lists: usize,
    /// The last user for whom an item was a target, `[items]`: marks need no clearing between users.
    wanted: Vec<u32>,
    user: u32,
    distinct: Vec<ItemId>,
    /// The targets found, best first.
    found: Vec<(ItemId, Places)>,
    hits: Hits,
}

impl<'a> Tally<'a> {
    /// `ks` must rise.
    pub(crate) fn new(
        ks: &'a [usize],
        ties: TieRule,
        items: usize,
        users: usize,
        slices: Option<&'a ItemSlices>,
        candidates: Option<&'a ItemSet>,
    ) -> Self {
        let width = ks.len() * Metric::ALL.len();
        let by_slice = slices.map_or(0, |_| Slice::ALL.len());
        Self {
            ks,
            slices,
            candidates,
            overall: Rows::with_capacity(users, width),
            by_slice: (0..by_slice)
                .map(|_| Rows::with_capacity(0, width))
                .collect(),
            recommended: vec![vec![0; items]; ks.len()],
            short_lists: 0,
            tied_lists: 0,
            wanted: vec![0; items],
            user: 0,
            distinct: Vec::new(),
            found: Vec::new(),
            hits: Hits::new(ties),
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
        let wanted = |(item, _): &(ItemId, Places)| self.wanted[item.index()] == self.user;
        self.found.extend(ranked.places().filter(wanted));
        self.hits.set(self.found.iter().map(|&(_, places)| places));
        self.overall.push(self.ks, &self.hits, self.distinct.len());
        self.add_to_slices();

        for (&k, counts) in self.ks.iter().zip(&mut self.recommended) {
            for item in ranked.items().iter().take(k) {
                counts[item.index()] += 1;
            }
        }
        let items = self.candidates.map_or(self.wanted.len(), ItemSet::len);
        let asked = self.ks.last().map_or(0, |&k| k.min(items));
        self.short_lists += usize::from(ranked.len() < asked);
        let scores = ranked.scores().windows(2);
        let tied = scores
            .zip(ranked.ranks().windows(2))
            .any(|(scores, ranks)| scores[0] == scores[1] && ranks[0] != ranks[1]);
        self.tied_lists += usize::from(tied);
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
                let inside = |item: ItemId| slices.contains(slice, item);
                let found = self.found.iter().filter(|(item, _)| inside(*item));
                self.hits.set(found.map(|&(_, places)| places));
                rows.push(self.ks, &self.hits, targets);
            }
        }
    }

    /// The metrics of every user, `[users, ks * metrics]`.
    pub(crate) fn into_rows(self) -> Vec<f64> {
        self.overall.rows
    }

    /// Lists that have fewer items than were asked for and than compete.
    pub(crate) fn short_lists(&self) -> usize {
        self.short_lists
    }

    /// Lists in which equal scores have different ranks.
    pub(crate) fn tied_lists(&self) -> usize {
        self.tied_lists
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
                items: self
                    .competing(0..slices.items())
                    .filter(|&item| slices.contains(slice, ItemId::from_index(item)))
                    .count(),
                users: rows.rows.len() / width,
                targets: rows.targets,
                figures: rows.figures(self.ks, bootstrap),
            })
            .collect()
    }

    pub(crate) fn spread(&self) -> Vec<Spread> {
        // Items that do not compete cannot be shown.
        let of_candidates = |values: &[u32]| -> Vec<u32> {
            let items = self.competing(0..values.len());
            items.map(|item| values[item]).collect()
        };
        let popularity = self.slices.map(|slices| of_candidates(slices.popularity()));
        let spread = |(&k, counts): (&usize, &Vec<u32>)| {
            let counts = of_candidates(counts);
            let popularity = popularity.as_ref();
            Spread {
                k,
                coverage: coverage(&counts),
                gini: gini(&counts),
                mean_popularity: popularity
                    .and_then(|popularity| mean_popularity(&counts, popularity)),
            }
        };
        self.ks.iter().zip(&self.recommended).map(spread).collect()
    }

    /// Those of these items that compete.
    fn competing(&self, items: Range<usize>) -> impl Iterator<Item = usize> {
        items.filter(|&item| {
            let item = ItemId::from_index(item);
            self.candidates
                .is_none_or(|candidates| candidates.contains(item))
        })
    }
}
