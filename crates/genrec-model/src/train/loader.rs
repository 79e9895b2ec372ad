//! Data loaders whose order, and the dropout that goes with it, depend on the seed and the epoch alone, so that a resumed run is the same run.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::Device;

use super::batch::{Batch, Layout};
use super::learner::ValidationBatch;
use super::samples::Samples;
use crate::sequence::Retrieval;

/// Loads training batches, each in pieces.
pub(crate) struct TrainLoader {
    pub(crate) samples: Arc<Samples>,
    pub(crate) subset: Vec<usize>,
    pub(crate) retrieval: Retrieval,
    pub(crate) layout: Layout,
    pub(crate) batch_size: usize,
    pub(crate) piece_rows: Option<usize>,
    pub(crate) window: usize,
    pub(crate) seed: u64,
    pub(crate) device: Device,
    /// The epoch that the next iteration belongs to, from 1.
    pub(crate) epoch: AtomicU64,
}

/// A seed of its own for every epoch, or every batch of one (SplitMix64's finalizer, so that neighbours share nothing).
pub(crate) fn epoch_seed(seed: u64, epoch: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(epoch.wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl DataLoader<Vec<Batch>> for TrainLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Vec<Batch>> + 'a> {
        let seed = epoch_seed(self.seed, self.epoch.fetch_add(1, Ordering::Relaxed));
        let batches = self
            .samples
            .batches(&self.subset, self.batch_size, self.window, seed);
        Box::new(Batches {
            make: move |number: usize, batch: &Vec<usize>| {
                let seed = epoch_seed(seed, number as u64);
                let piece = |(number, rows): (usize, &[usize])| {
                    Batch::new(
                        &self.samples,
                        rows,
                        &self.retrieval,
                        &self.layout,
                        epoch_seed(seed, number as u64),
                        &self.device,
                    )
                };
                let rows = self.piece_rows.unwrap_or(batch.len());
                batch.chunks(rows).enumerate().map(piece).collect()
            },
            size: Vec::len,
            batches,
            next: 0,
            done: 0,
            total: self.subset.len(),
        })
    }

    fn num_items(&self) -> usize {
        self.subset.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Vec<Batch>>> {
        Arc::new(self.with(self.subset.clone(), device))
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Vec<Batch>>> {
        Arc::new(self.with(self.subset[start..end].to_vec(), &self.device))
    }
}

impl TrainLoader {
    fn with(&self, subset: Vec<usize>, device: &Device) -> Self {
        Self {
            samples: self.samples.clone(),
            subset,
            retrieval: self.retrieval.clone(),
            layout: self.layout.clone(),
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
pub(crate) struct ValidationLoader {
    pub(crate) users: Arc<Vec<(Vec<genrec_data::ItemId>, genrec_data::ItemId)>>,
    pub(crate) batch_size: usize,
    pub(crate) every: u64,
    pub(crate) epochs: u64,
    /// The epoch that the next iteration belongs to, from 1.
    pub(crate) epoch: AtomicU64,
}

impl DataLoader<ValidationBatch> for ValidationLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<ValidationBatch> + 'a> {
        let epoch = self.epoch.fetch_add(1, Ordering::Relaxed);
        let batches = if epoch.is_multiple_of(self.every) || epoch == self.epochs {
            self.users
                .chunks(self.batch_size)
                .map(<[_]>::to_vec)
                .collect()
        } else {
            Vec::new()
        };
        Box::new(Batches {
            total: batches.iter().map(Vec::len).sum(),
            make: |_, batch: &ValidationBatch| batch.clone(),
            size: Vec::len,
            batches,
            next: 0,
            done: 0,
        })
    }

    fn num_items(&self) -> usize {
        self.users.len()
    }

    fn to_device(&self, _device: &Device) -> Arc<dyn DataLoader<ValidationBatch>> {
        self.slice(0, self.users.len())
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<ValidationBatch>> {
        Arc::new(Self {
            users: Arc::new(self.users[start..end].to_vec()),
            batch_size: self.batch_size,
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
