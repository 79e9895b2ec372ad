//! What is asked and told, checked.

use burn::tensor::Tensor;
use genrec_data::ItemId;

use crate::rows::Rows;
use crate::{Error, Result, Similarity};

/// Checks queries, `[queries, dim]`, and the items to leave out for each; the queries as rows.
pub(crate) fn asked(
    queries: Tensor<2>,
    without: &[&[ItemId]],
    dim: usize,
    similarity: Similarity,
) -> Result<Rows> {
    let [count, found] = queries.dims();
    if found != dim {
        return Err(Error::Shape {
            what: "queries",
            found: format!("{found} values"),
            expected: format!("{dim}, as the rows of the items have"),
        });
    }
    if !without.is_empty() && without.len() != count {
        return Err(Error::Shape {
            what: "items to leave out",
            found: format!("{} lists", without.len()),
            expected: format!("none, or one for each of the {count} queries"),
        });
    }
    Rows::new("queries", queries, similarity)
}

/// Checks rows that belong to `items`, `[items, dim]`: one row for each, and no item twice.
pub(crate) fn told(
    what: &'static str,
    items: &[ItemId],
    rows: Tensor<2>,
    dim: usize,
    similarity: Similarity,
) -> Result<Rows> {
    let [count, found] = rows.dims();
    if (count, found) != (items.len(), dim) {
        return Err(Error::Shape {
            what,
            found: format!("{count} rows of {found} values"),
            expected: format!(
                "{} of {dim}: one for each item, as wide as the others",
                items.len()
            ),
        });
    }
    check_once(what, items)?;
    Rows::new(what, rows, similarity)
}

/// Checks that no item comes twice.
pub(crate) fn check_once(what: &'static str, items: &[ItemId]) -> Result<()> {
    let mut sorted: Vec<(ItemId, usize)> = items.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(Error::Repeated {
            what,
            item: pair[0].0,
            first: pair[0].1,
            second: pair[1].1,
        }),
        None => Ok(()),
    }
}
