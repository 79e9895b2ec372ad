//! all-MiniLM-L6-v2 itself, on the texts of a real catalogue. Both are too large for the repository: the model comes with
//! `scripts/fetch-minilm.sh target/minilm`, the catalogue lies beside the repository where there is one.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::*;

/// The encoder, the texts of the catalogue and the rows that PyTorch computed for them; or why they are not here.
fn found() -> Result<(SentenceEncoder, Vec<String>, Embeddings), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let model =
        env::var_os("GENREC_MINILM_DIR").map_or_else(|| root.join("target/minilm"), PathBuf::from);
    let data = root.join("../shared/data/scientific");
    for path in [&model, &data] {
        if !path.exists() {
            return Err(format!("there is no {}", path.display()));
        }
    }
    let encoder =
        SentenceEncoder::open(&model, &Device::flex()).map_err(|error| error.to_string())?;
    let catalog = genrec_data::open(&data)
        .map_err(|error| error.to_string())?
        .catalog;
    let texts = catalog.iter().map(|(item, _)| catalog.text(item)).collect();
    let rows = Embeddings::read(data.join("minilm-384d.safetensors"))
        .map_err(|error| error.to_string())?;
    Ok((
        encoder,
        texts,
        rows.expect_rows(catalog.len())
            .map_err(|error| error.to_string())?,
    ))
}

#[expect(
    clippy::print_stderr,
    reason = "a test that does not run has to say so"
)]
fn compare(every: usize) {
    let (encoder, texts, expected) = match found() {
        Ok(found) => found,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let picked: Vec<usize> = (0..texts.len()).step_by(every).collect();
    let texts: Vec<&str> = picked.iter().map(|&item| &texts[item][..]).collect();
    let start = Instant::now();
    let rows = encoder.encode(&texts).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let expected = expected.select(&picked);
    let differences =
        std::iter::zip(rows.as_slice(), expected.as_slice()).map(|(x, y)| (x - y).abs());
    let worst = differences.fold(0.0, f32::max);
    eprintln!(
        "{} texts in {seconds:.1} s, {:.0} a second, within {worst:e}",
        texts.len(),
        texts.len() as f64 / seconds
    );
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn minilm_gives_what_pytorch_gives() {
    compare(29);
}

/// All 4,344 texts, for the speed.
#[test]
#[ignore = "a minute or two"]
fn minilm_gives_what_pytorch_gives_for_all() {
    compare(1);
}
