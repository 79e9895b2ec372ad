//! The file of a checkpoint.
//!
//! ```text
//! magic | length of the header, 8 bytes, little endian | header, JSON
//!       | model | optimizer | best model, if it is another | SHA-256 of all before
//! ```

use crate::trainer::Stop;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

pub(super) const MAGIC: &[u8] = b"genrec-quantize checkpoint, version 1\n";
const DIGEST: usize = 32;

/// What a checkpoint must agree with to be resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) trainer: String,
    pub(super) quantizer: String,
    pub(super) rows: [usize; 2],
    pub(super) rows_sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) identity: Identity,
    pub(super) epoch: usize,
    pub(super) improved: usize,
    /// Bits of a 64-bit float, as text would round it.
    pub(super) watched: u64,
    pub(super) best: Option<BestHeader>,
    pub(super) stop: Option<Stop>,
    /// Lengths of the model's and the optimizer's record, and of the best model's if it is not the
    /// model itself.
    pub(super) lengths: [usize; 3],
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct BestHeader {
    pub(super) epoch: usize,
    pub(super) figure: u64,
}

/// Checks a file from its first byte to its last and takes it apart.
pub(super) fn open(bytes: &[u8]) -> std::result::Result<(Header, [&[u8]; 3]), String> {
    const REMEDY: &str = "remove it to start the run anew";
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(format!(
            "it does not begin as a checkpoint of this version does; {REMEDY}"
        ));
    };
    let short = || format!("it is cut short at {} bytes; {REMEDY}", bytes.len());
    let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| short())?;
    let (header, rest) = rest.split_at_checked(length).ok_or_else(short)?;
    // The digest comes first: a header that was damaged may still be read as JSON, and lie.
    let whole = bytes.len().checked_sub(DIGEST).ok_or_else(short)?;
    let damaged = || {
        format!(
            "its SHA-256 is not the one it was written with: it was cut short or damaged; {REMEDY}"
        )
    };
    if Sha256::digest(&bytes[..whole]).as_slice() != &bytes[whole..] {
        return Err(damaged());
    }
    let header: Header = serde_json::from_slice(header)
        .map_err(|error| format!("its header is no header: {error}; {REMEDY}"))?;
    let (model, rest) = rest.split_at_checked(header.lengths[0]).ok_or_else(short)?;
    let (optimizer, rest) = rest.split_at_checked(header.lengths[1]).ok_or_else(short)?;
    let (best, rest) = rest.split_at_checked(header.lengths[2]).ok_or_else(short)?;
    if rest.len() != DIGEST {
        return Err(damaged());
    }
    Ok((header, [model, optimizer, best]))
}

/// Writes the parts and their digest under another name, makes sure they are on the disk, and only
/// then takes the file's name.
pub(super) fn replace(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let scratch = path.with_extension("checkpoint.new");
    let mut digest = Sha256::new();
    let mut file = File::create(&scratch)?;
    for part in parts {
        digest.update(part);
        file.write_all(part)?;
    }
    file.write_all(&digest.finalize())?;
    file.sync_all()?;
    drop(file);
    fs::rename(&scratch, path)?;
    // The new name is safe only once the folder is on the disk too; not every system lets a folder
    // be opened for that.
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(folder)
    {
        folder.sync_all()?;
    }
    Ok(())
}
