//! A trie as a file that is used where it lies.
//!
//! The file is in the safetensors format, one tensor an array, so that other programs read it too.
//! Its metadata hold the SHA-256 of all tensors with their names and shapes.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize_to_file};
use sha2::{Digest, Sha256};

use super::array::Array;
use super::level::{Level, StepTable};
use super::terminals::Terminals;
use super::{NodeId, Trie};
use crate::identity::Identity;
use crate::{Error, Result, TokenId};

const FORMAT: &str = "genrec trie";
const VERSION: &str = "1";

/// The parts that every file has.
const TOKENS: &str = "tokens";
const FIRST_CHILD: &str = "first_child";
const VALUES: &str = "values";
const BY_VALUE: &str = "by_value";
const TERMINALS: &str = "terminals";
const TERMINALS_BEFORE: &str = "terminals.before";
/// Of every level the first node, one past the last, and how many end an identifier, `[levels, 3]`.
const LEVELS: &str = "levels";
/// Of every step table the first parent, one past the last, the first token and the tokens a row, `[tables, 4]`.
const STEPS: &str = "steps";
/// The number of distinct values, and whether they are 0, 1, 2 ...
const COUNTS: &str = "counts";

fn level_tokens(level: usize) -> String {
    format!("level.{level}.tokens")
}

fn step_children(table: usize) -> String {
    format!("step.{table}.children")
}

impl Trie {
    /// Writes the trie to a file, from which [`open`](Self::open) takes it without building it.
    ///
    /// The file is written under another name, flushed to disk, and renamed: it is there whole or
    /// not at all, and what is open under its name already stays what it is. Where files have
    /// permissions (on Unix), it has those of the file it replaces, or else of any new file.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut arrays = BTreeMap::new();
        let mut put = |name: String, shape: Vec<usize>, dtype, bytes| {
            let view = TensorView::new(dtype, shape, bytes);
            arrays.insert(
                name,
                view.expect("an array has as many bytes as its shape says"),
            );
        };
        let levels: Vec<u32> = self
            .levels
            .iter()
            .flat_map(|level| [level.nodes.start, level.nodes.end, level.terminals as u32])
            .collect();
        let steps: Vec<u32> = self.step_tables.iter().flat_map(StepTable::about).collect();
        let counts = [
            self.distinct_values as u32,
            u32::from(self.values_are_numbers),
        ];
        let (words, before) = self.terminals.parts();
        let mut numbers = |name: &str, shape: Vec<usize>, bytes| {
            put(name.to_owned(), shape, Dtype::U32, bytes);
        };
        let flat = |numbers: &[u32]| vec![numbers.len()];
        numbers(TOKENS, vec![self.tokens.len()], bytes(&self.tokens));
        numbers(
            FIRST_CHILD,
            flat(&self.first_child),
            bytes(&self.first_child),
        );
        numbers(VALUES, flat(&self.values), bytes(&self.values));
        numbers(BY_VALUE, vec![self.by_value.len()], bytes(&self.by_value));
        numbers(TERMINALS_BEFORE, flat(before), bytes(before));
        numbers(LEVELS, vec![levels.len() / 3, 3], bytes(&levels));
        numbers(STEPS, vec![steps.len() / 4, 4], bytes(&steps));
        numbers(COUNTS, flat(&counts), bytes(&counts));
        for (place, level) in self.levels.iter().enumerate() {
            numbers(
                &level_tokens(place),
                vec![level.tokens.len()],
                bytes(&level.tokens),
            );
        }
        for (place, table) in self.step_tables.iter().enumerate() {
            let children = table.children();
            numbers(&step_children(place), flat(children), bytes(children));
        }
        put(
            TERMINALS.to_owned(),
            vec![words.len()],
            Dtype::U64,
            bytes(words),
        );

        let metadata = [
            ("format", FORMAT.to_owned()),
            ("version", VERSION.to_owned()),
            ("sha256", digest(&arrays)),
        ];
        let metadata: HashMap<String, String> = metadata
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect();
        let failed = |reason: &dyn ToString| {
            file_error(path, format!("cannot be written: {}", reason.to_string()))
        };
        let mut partial = path.as_os_str().to_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        #[cfg(unix)]
        let permissions = permissions(path, &partial).map_err(|error| failed(&error))?;
        serialize_to_file(&arrays, Some(metadata), &partial).map_err(|error| failed(&error))?;
        // What it leaves is for its writer alone.
        #[cfg(unix)]
        fs::set_permissions(&partial, permissions).map_err(|error| failed(&error))?;
        File::open(&partial)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&partial, path))
            .map_err(|error| failed(&error))
    }

    /// Opens a file written by [`save`](Self::save), after reading all of it once to see that it is
    /// what was written. The arrays stay in the file, which is mapped into memory: processes that
    /// open the same file share them.
    ///
    /// While it is open, nobody may write into the file (to put another in its place, as
    /// [`save`](Self::save) does, is fine).
    ///
    /// # Errors
    ///
    /// [`Error::File`] when the file cannot be read, is not a trie's, or has changed since it was
    /// written.
    pub fn open(path: &Path) -> Result<Self> {
        Self::map(path, true)
    }

    /// Opens a file as [`open`](Self::open) does but for reading it: in the time that tables of each
    /// level's distinct tokens take, however many identifiers there are. For files that were seen to
    /// be whole before.
    ///
    /// A file that has changed may give wrong values, or panics, later.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when the file cannot be read, or is not a trie's.
    pub fn open_unread(path: &Path) -> Result<Self> {
        Self::map(path, false)
    }

    fn map(path: &Path, read: bool) -> Result<Self> {
        let failed = |reason: String| file_error(path, reason);
        let file =
            File::open(path).map_err(|error| failed(format!("cannot be opened: {error}")))?;
        let map = map(&file).map_err(|error| failed(format!("cannot be mapped: {error}")))?;
        let map = Arc::new(map);
        let foreign = |reason: String| failed(format!("is not the file of a trie: {reason}"));
        let (_, header) =
            SafeTensors::read_metadata(&map).map_err(|error| foreign(error.to_string()))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        for (key, expected) in [("format", FORMAT), ("version", VERSION)] {
            let found = metadata.get(key).map_or("nothing", String::as_str);
            if found != expected {
                return Err(foreign(format!(
                    "its {key} is {found}, expected {expected}"
                )));
            }
        }
        let tensors = SafeTensors::deserialize(&map).map_err(|error| foreign(error.to_string()))?;
        let arrays: BTreeMap<String, TensorView<'_>> = tensors.tensors().into_iter().collect();
        if read && metadata.get("sha256") != Some(&digest(&arrays)) {
            return Err(failed(
                "is not what was written (its checksum differs); save the trie again".into(),
            ));
        }
        Parts { map: &map, arrays }
            .trie()
            .ok_or_else(|| foreign("its arrays do not fit together".into()))
    }
}

/// The permissions of a file, or those that a new one gets, for which one is made under another
/// name and removed.
#[cfg(unix)]
fn permissions(path: &Path, other: &Path) -> io::Result<fs::Permissions> {
    if let Ok(there) = fs::metadata(path) {
        return Ok(there.permissions());
    }
    // What a killed writer left there has permissions of its own.
    match fs::remove_file(other) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let permissions = File::create(other)?.metadata()?.permissions();
    fs::remove_file(other)?;
    Ok(permissions)
}

/// Maps a file.
#[expect(unsafe_code, reason = "a mapped file cannot be had without")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: The map is read only, and all that is read of it are integers, for which any bytes
    // are valid; every index found in it is checked where it is used. What is left is that somebody
    // changes or cuts the file while it is mapped. Nothing here writes into a file in its place
    // (see `Trie::save`), and `Trie::open` asks the same of everybody else.
    unsafe { Mmap::map(file) }
}

/// The arrays of a file.
struct Parts<'a> {
    map: &'a Arc<Mmap>,
    arrays: BTreeMap<String, TensorView<'a>>,
}

impl Parts<'_> {
    /// The trie of the arrays, if their lengths are those of one.
    fn trie(&self) -> Option<Trie> {
        let tokens: Array<TokenId> = self.array(TOKENS)?;
        let first_child: Array<u32> = self.array(FIRST_CHILD)?;
        let values: Array<u32> = self.array(VALUES)?;
        let by_value: Array<NodeId> = self.array(BY_VALUE)?;
        let terminals = Terminals::new(self.array(TERMINALS)?, self.array(TERMINALS_BEFORE)?);
        let nodes = u32::try_from(tokens.len()).ok()?;
        let fits = first_child.first() == Some(&1)
            && first_child.last() == Some(&nodes)
            && terminals.fit(tokens.len())
            && terminals.rank(nodes) == values.len()
            && by_value.len() == values.len();
        let counts: Array<u32> = self.array(COUNTS)?;
        let &[distinct_values, values_are_numbers] = &counts[..] else {
            return None;
        };

        let about: Array<u32> = self.array(LEVELS)?;
        let mut next = 1;
        let mut levels = Vec::new();
        for (place, about) in about.chunks_exact(3).enumerate() {
            let tokens: Array<TokenId> = self.array(&level_tokens(place))?;
            let (nodes, terminals) = (about[0]..about[1], about[2] as usize);
            let sorted = tokens.is_sorted_by(|a, b| a < b);
            if nodes.start != next || nodes.is_empty() || tokens.is_empty() || !sorted {
                return None;
            }
            next = nodes.end;
            levels.push(Level::of_distinct(nodes, terminals, tokens.to_vec()));
        }
        let about: Array<u32> = self.array(STEPS)?;
        let tables = about.chunks_exact(4).enumerate();
        let step_tables = tables
            .map(|(place, about)| StepTable::of_parts(about, self.array(&step_children(place))?))
            .collect::<Option<Vec<_>>>()?;
        (fits && next == nodes).then_some(Trie {
            tokens,
            first_child,
            terminals,
            values,
            levels,
            step_tables,
            by_value,
            distinct_values: distinct_values as usize,
            values_are_numbers: values_are_numbers == 1,
            identity: Identity::new(),
        })
    }

    fn array<T: Pod>(&self, name: &str) -> Option<Array<T>> {
        let view = self.arrays.get(name)?;
        let start = view.data().as_ptr().addr() - self.map.as_ptr().addr();
        let bytes = start..start + view.data().len();
        let same = view.dtype().bitsize() == 8 * size_of::<T>();
        same.then(|| Array::mapped(self.map, bytes)).flatten()
    }
}

fn bytes<T: Pod>(numbers: &[T]) -> &[u8] {
    bytemuck::cast_slice(numbers)
}

fn digest(arrays: &BTreeMap<String, TensorView<'_>>) -> String {
    let mut hasher = Sha256::new();
    for (name, view) in arrays {
        hasher.update(format!("{name} {:?} {:?}\n", view.dtype(), view.shape()));
        hasher.update(view.data());
    }
    let bytes = hasher.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn file_error(path: &Path, reason: String) -> Error {
    Error::File {
        path: path.to_path_buf(),
        reason,
    }
}

#[cfg(test)]
mod tests;
