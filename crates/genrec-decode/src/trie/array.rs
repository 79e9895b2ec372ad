//! Numbers in memory, or in a mapped file.

use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;

/// An array that is not changed once it is there.
#[derive(Clone, Debug)]
pub(super) enum Array<T> {
    Owned(Vec<T>),
    Mapped(Mapped<T>),
}

/// A part of a file, whose length and place suit the numbers.
#[derive(Debug)]
pub(super) struct Mapped<T> {
    file: Arc<Mmap>,
    bytes: Range<usize>,
    numbers: PhantomData<T>,
}

impl<T> Clone for Mapped<T> {
    fn clone(&self) -> Self {
        Self {
            file: self.file.clone(),
            bytes: self.bytes.clone(),
            numbers: PhantomData,
        }
    }
}

impl<T> Default for Array<T> {
    fn default() -> Self {
        Self::Owned(Vec::new())
    }
}

impl<T> From<Vec<T>> for Array<T> {
    fn from(numbers: Vec<T>) -> Self {
        Self::Owned(numbers)
    }
}

impl<T: Pod> Array<T> {
    /// A part of a file, or nothing when it is not there, or not made of whole numbers.
    pub(super) fn mapped(file: &Arc<Mmap>, bytes: Range<usize>) -> Option<Self> {
        let part = file.get(bytes.clone())?;
        bytemuck::try_cast_slice::<u8, T>(part).ok()?;
        Some(Self::Mapped(Mapped {
            file: file.clone(),
            bytes,
            numbers: PhantomData,
        }))
    }
}

impl<T: Pod> Deref for Array<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::Owned(numbers) => numbers,
            Self::Mapped(Mapped { file, bytes, .. }) => {
                bytemuck::cast_slice(&file[bytes.start..bytes.end])
            }
        }
    }
}
