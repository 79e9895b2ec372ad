//! Whether items that say the same have identifiers with the same codes.

use genrec_embed::Embeddings;
use ndarray::Array1;

use crate::{Error, IdentifierTable, Result};

/// The semantic similarity of identifiers: how much of their identifiers two items have in common, averaged over all pairs with the cosine of their text embeddings
/// as weight.
///
/// `sum_{i<j} cos(x_i, x_j) o(i, j) / sum_{i<j} cos(x_i, x_j)`, where `o` is the number of levels at which both have the same code, by the mean length of the
/// identifiers of the table (so that a few items with one code more change nothing). Exact, in one pass over the items of every level: what pairs with the same code contribute is `(|sum x|^2 - n) / 2` over its n items.
///
/// `None` where the cosines add up to nothing: the embeddings say nothing of what belongs together.
///
/// # Errors
///
/// Embeddings of another number of items, or an item whose embedding is zero.
pub fn semantic_similarity(table: &IdentifierTable, text: &Embeddings) -> Result<Option<f64>> {
    if text.rows() != table.len() {
        return Err(Error::Shape {
            expected: format!("one text embedding for each of {} items", table.len()),
            found: format!("{}", text.rows()),
        });
    }
    let rows = text.normalized();
    if let Some(item) = (0..rows.rows()).find(|&item| rows.row(item).iter().all(|x| *x == 0.0)) {
        return Err(Error::Shape {
            expected: String::from("text embeddings that have a direction"),
            found: format!("zeros for item {item}"),
        });
    }
    // The items with each code of a level, and one sum for all items.
    let pairs = |groups: usize, group_of: &dyn Fn(usize) -> Option<usize>| -> f64 {
        let mut sums = vec![Array1::<f64>::zeros(rows.dim()); groups];
        let mut counts = vec![0_u64; groups];
        for item in 0..rows.rows() {
            if let Some(group) = group_of(item) {
                sums[group] += &rows.view().row(item).mapv(f64::from);
                counts[group] += 1;
            }
        }
        let of_group = |(sum, count): (&Array1<f64>, &u64)| (sum.dot(sum) - *count as f64) / 2.0;
        sums.iter().zip(&counts).map(of_group).sum()
    };
    let all = pairs(1, &|_| Some(0));
    let same: f64 = table
        .codebook_sizes()
        .iter()
        .enumerate()
        .map(|(level, &codewords)| {
            let code = |item: usize| {
                let codes = table.identifier((item as u32).into());
                codes.get(level).map(|code| code.index())
            };
            pairs(codewords, &code)
        })
        .sum();
    let codes: usize = table.iter().map(|(_, codes)| codes.len()).sum();
    let length = codes as f64 / rows.rows() as f64;
    let share = same / (length * all);
    Ok((all.abs() > 1e-9 * rows.rows() as f64).then_some(share))
}
