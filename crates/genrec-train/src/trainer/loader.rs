//! Data loaders whose order, and the dropout that goes with it, depend on the seed and the epoch alone, so that a resumed run is the same run.

use std::borrow::Cow;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use genrec_cores::on_cores;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::index::sample;

use super::learner::{Asked, Piece};
use super::task::Task;
use crate::samples::batches;
use crate::seed::mixed;

/// Users of a validation batch.
const USERS: usize = 256;

/// Loads training batches, each in pieces.
pub(super) struct TrainLoader<T> {
    pub(super) task: Arc<T>,
    pub(super) subset: Vec<usize>,
    /// How many of them an epoch draws.
    pub(super) count: usize,
    pub(super) batch_size: usize,
    pub(super) piece_rows: Option<usize>,
    pub(super) window: usize,
    pub(super) seed: u64,
    pub(super) device: Device,
    /// The epoch that the next iteration belongs to, from 1.
    pub(super) epoch: AtomicU64,
}

impl<T: Task> DataLoader<Vec<Piece<T::Batch>>> for TrainLoader<T> {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Vec<Piece<T::Batch>>> + 'a> {
        let seed = mixed(self.seed, self.epoch.fetch_add(1, Ordering::Relaxed));
        let length = |sample| self.task.length(sample);
        let batches = batches(
            &self.drawn(seed),
            length,
            self.batch_size,
            self.window,
            seed,
        );
        Box::new(Batches {
            make: move |number: usize, batch: &Vec<usize>| {
                let seed = mixed(seed, number as u64);
                let piece = |(number, samples): (usize, &[usize])| {
                    let seed = mixed(seed, number as u64);
                    let batch = self.task.batch(samples, seed, &self.device);
                    Piece { batch, seed }
                };
                let rows = self.piece_rows.filter(|_| on_cores(&self.device));
                let rows = rows.unwrap_or(batch.len());
                batch.chunks(rows).enumerate().map(piece).collect()
            },
            size: Vec::len,
            batches,
            next: 0,
            done: 0,
            total: self.count,
        })
    }

    fn num_items(&self) -> usize {
        self.count
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Vec<Piece<T::Batch>>>> {
        Arc::new(self.with(self.subset.clone(), device))
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Vec<Piece<T::Batch>>>> {
        Arc::new(self.with(self.subset[start..end].to_vec(), &self.device))
    }
}

impl<T> TrainLoader<T> {
    /// The samples of an epoch.
    fn drawn(&self, seed: u64) -> Cow<'_, [usize]> {
        if self.count == self.subset.len() {
            return Cow::Borrowed(&self.subset);
        }
        // Of a stream of its own: the order of the batches is drawn from `seed`.
        let mut random = StdRng::seed_from_u64(mixed(seed, u64::MAX));
        let drawn = sample(&mut random, self.subset.len(), self.count);
        Cow::Owned(drawn.into_iter().map(|place| self.subset[place]).collect())
    }

    fn with(&self, subset: Vec<usize>, device: &Device) -> Self {
        Self {
            task: self.task.clone(),
            // As large a share as of all samples.
            count: (self.count * subset.len()).div_ceil(self.subset.len().max(1)),
            subset,
            batch_size: self.batch_size,
            piece_rows: self.piece_rows,
            window: self.window,
            seed: self.seed,
            device: device.clone(),
            epoch: AtomicU64::new(self.epoch.load(Ordering::Relaxed)),
        }
    }
}

/// Loads validation users, in every `every`-th epoch.
pub(super) struct ValidationLoader {
    pub(super) users: Arc<Vec<Asked>>,
    pub(super) every: u64,
    pub(super) epochs: u64,
    /// The epoch that the next iteration belongs to, from 1.
    pub(super) epoch: AtomicU64,
}

impl DataLoader<Vec<Asked>> for ValidationLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Vec<Asked>> + 'a> {
        let epoch = self.epoch.fetch_add(1, Ordering::Relaxed);
        let batches = if epoch.is_multiple_of(self.every) || epoch == self.epochs {
            self.users.chunks(USERS).map(<[_]>::to_vec).collect()
        } else {
            Vec::new()
        };
        Box::new(Batches {
            total: batches.iter().map(Vec::len).sum(),
            make: |_, batch: &Vec<Asked>| batch.clone(),
            size: Vec::len,
            batches,
            next: 0,
            done: 0,
        })
    }

    fn num_items(&self) -> usize {
        self.users.len()
    }

    fn to_device(&self, _device: &Device) -> Arc<dyn DataLoader<Vec<Asked>>> {
        self.slice(0, self.users.len())
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Vec<Asked>>> {
        Arc::new(Self {
            users: Arc::new(self.users[start..end].to_vec()),
            every: self.every,
            epochs: self.epochs,
            epoch: AtomicU64::new(self.epoch.load(Ordering::Relaxed)),
        })
    }
}

/// Makes batches one after the other.
struct Batches<B, F> {
    batches: Vec<B>,
    make: F,
    size: fn(&B) -> usize,
    next: usize,
    done: usize,
    total: usize,
}

impl<B, O, F: Fn(usize, &B) -> O> Iterator for Batches<B, F> {
    type Item = Result<O, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.get(self.next)?;
        let made = (self.make)(self.next, batch);
        self.next += 1;
        self.done += (self.size)(batch);
        Some(Ok(made))
    }
}

impl<B, O, F: Fn(usize, &B) -> O> DataLoaderIterator<O> for Batches<B, F> {
    fn progress(&self) -> Progress {
        Progress::new(self.done, self.total, Some("samples".into()))
    }
}
