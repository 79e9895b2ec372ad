//! Whether items that say the same have identifiers with the same codes.

use genrec_embed::Embeddings;
use ndarray::Array1;

use crate::{Error, IdentifierTable, Result};

/// The semantic similarity of identifiers: how much of their identifiers two items have in common, averaged over all pairs with the cosine of their text embeddings
/// as weight.
///
/// `sum_{i<j} cos(x_i, x_j) o(i, j) / sum_{i<j} cos(x_i, x_j)`, where `o` is the number of levels at which both have the same code, by the mean length of the
/// identifiers of the table (so that a few items with one code more change nothing). Exact, in one pass over the items of every level: what pairs with the same code contribute is
/// `(|sum x|^2 - sum |x|^2) / 2` over its items. An item that says nothing, a row of zeros, has cosine 0 with every other.
///
/// `text` is `[items, d]`. `None` where the cosines do not add up to more than 0: then the embeddings say nothing of what belongs together, or (as rows that are centred do)
/// would turn the figure round.
///
/// # Errors
///
/// Embeddings of another number of items.
pub fn semantic_similarity(table: &IdentifierTable, text: &Embeddings) -> Result<Option<f64>> {
    if text.rows() != table.len() {
        return Err(Error::Shape {
            expected: format!("one text embedding for each of {} items", table.len()),
            found: format!("{}", text.rows()),
        });
    }
    let rows = text.normalized();
    // The items with each code of a level, and one sum for all items.
    let pairs = |groups: usize, group_of: &dyn Fn(usize) -> Option<usize>| -> f64 {
        let mut sums = vec![Array1::<f64>::zeros(rows.dim()); groups];
        let mut own = vec![0.0; groups];
        for item in 0..rows.rows() {
            if let Some(group) = group_of(item) {
                let row = rows.view().row(item).mapv(f64::from);
                own[group] += row.dot(&row);
                sums[group] += &row;
            }
        }
        let of_group = |(sum, own): (&Array1<f64>, &f64)| (sum.dot(sum) - own) / 2.0;
        sums.iter().zip(&own).map(of_group).sum()
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
    Ok((all > 1e-9 * rows.rows() as f64).then_some(share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identifier;

    #[test]
    fn similarity_is_that_of_all_pairs_one_by_one() {
        let identifiers = [&[0, 1][..], &[0, 2], &[1, 1], &[0, 1, 4], &[2]];
        let identifiers: Vec<Identifier> = identifiers
            .iter()
            .map(|codes| codes.iter().copied().collect())
            .collect();
        let table = IdentifierTable::new(identifiers.clone()).unwrap();
        let rows: [[f32; 3]; 5] = [
            [1.0, 0.2, 0.0],
            [0.9, 0.1, 0.3],
            [0.0, 1.0, 0.0],
            [2.0, 0.0, 0.1],
            [-0.2, 0.5, 1.0],
        ];
        let text = Embeddings::from_vec(5, 3, rows.concat()).unwrap();
        let unit = text.normalized();
        let (mut above, mut below) = (0.0, 0.0);
        for i in 0..5 {
            for j in 0..i {
                let cosine: f64 = unit
                    .row(i)
                    .iter()
                    .zip(unit.row(j))
                    .map(|(a, b)| f64::from(a * b))
                    .sum();
                let same = identifiers[i]
                    .iter()
                    .zip(identifiers[j].iter())
                    .filter(|(a, b)| a == b)
                    .count();
                // The mean of the lengths: (2 + 2 + 2 + 3 + 1) / 5.
                above += cosine * same as f64 / 2.0;
                below += cosine;
            }
        }
        let found = semantic_similarity(&table, &text).unwrap().unwrap();
        assert!(
            (found - above / below).abs() < 1e-6,
            "{found} {}",
            above / below
        );
        assert!(semantic_similarity(&table, &text.slice(0..4)).is_err());
    }

    #[test]
    fn an_item_that_says_nothing_has_nothing_in_common() {
        let codes = [[0, 0], [0, 1], [1, 2], [0, 3]].map(Identifier::from_iter);
        let table = IdentifierTable::new(codes.to_vec()).unwrap();
        let rows: [[f32; 2]; 4] = [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [0.0, 0.0]];
        let text = Embeddings::from_vec(4, 2, rows.concat()).unwrap();
        // One of the three pairs that say the same has the same first code, none the second.
        let found = semantic_similarity(&table, &text).unwrap().unwrap();
        assert!((found - 1.0 / 6.0).abs() < 1e-6, "{found}");
        let nothing = Embeddings::from_vec(4, 2, vec![0.0; 8]).unwrap();
        assert_eq!(semantic_similarity(&table, &nothing).unwrap(), None);
    }

    #[test]
    fn rows_that_are_centred_say_nothing_of_the_whole() {
        let codes = [[0, 0], [0, 1], [1, 0], [1, 1]].map(Identifier::from_iter);
        let table = IdentifierTable::new(codes.to_vec()).unwrap();
        // Like items share their first code; the cosines of all pairs add up to -2.
        let rows: [[f32; 2]; 4] = [[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]];
        let text = Embeddings::from_vec(4, 2, rows.concat()).unwrap();
        assert_eq!(semantic_similarity(&table, &text).unwrap(), None);
    }
}
