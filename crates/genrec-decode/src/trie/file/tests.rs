use std::fs;

use super::*;
use crate::TrieBuilder;

fn trie() -> Trie {
    let mut builder = TrieBuilder::new();
    for (value, tokens) in [&[1, 2][..], &[1, 3, 9], &[4], &[4, 70_000]]
        .iter()
        .enumerate()
    {
        let tokens: Vec<TokenId> = tokens.iter().copied().map(TokenId::new).collect();
        builder.insert(&tokens, value as u32).unwrap();
    }
    builder.build().unwrap()
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trie");
    trie().save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[place] ^= 1 << bit;
            fs::write(&path, damaged).unwrap();
            let error = Trie::open(&path).unwrap_err().to_string();
            assert!(error.contains("is not"), "{place} {bit} {error}");
            // Without being read it may open, but does no harm.
            let _ = Trie::open_unread(&path);
        }
        fs::write(&path, &whole[..place]).unwrap();
        assert!(Trie::open(&path).is_err(), "{place}");
        assert!(Trie::open_unread(&path).is_err(), "{place}");
    }
    fs::write(&path, whole).unwrap();
    let opened = Trie::open(&path).unwrap();
    assert!(opened.identifiers().eq(trie().identifiers()));
}

#[test]
fn other_files_and_none_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let error = Trie::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("weights.safetensors cannot be opened"),
        "{error}"
    );
    fs::write(&path, []).unwrap();
    assert!(Trie::open(&path).is_err());
    let data = [0_u8; 8];
    let view = TensorView::new(Dtype::F32, vec![2], &data).unwrap();
    serialize_to_file([("weights", view)], None, &path).unwrap();
    let error = Trie::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("its format is nothing, expected genrec trie"),
        "{error}"
    );
}

#[test]
fn what_is_open_stays_what_it_is_when_another_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trie");
    trie().save(&path).unwrap();
    let first = Trie::open(&path).unwrap();
    Trie::empty().save(&path).unwrap();
    let second = Trie::open(&path).unwrap();
    assert!(second.is_empty());
    assert!(first.identifiers().eq(trie().identifiers()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_has_the_permissions_of_any_other_or_of_the_one_that_it_replaces() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let [path, partial, other] =
        ["trie", "trie.partial", "other"].map(|name| folder.path().join(name));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    fs::write(&other, []).unwrap();
    // What a killed writer left.
    fs::write(&partial, []).unwrap();
    set(&partial, 0o600).unwrap();
    trie().save(&path).unwrap();
    assert_eq!(mode(&path), mode(&other));
    set(&path, 0o640).unwrap();
    trie().save(&path).unwrap();
    assert_eq!(mode(&path) & 0o777, 0o640);
    assert!(!partial.exists());
}
