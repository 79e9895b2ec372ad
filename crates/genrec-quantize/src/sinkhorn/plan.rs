//! What Sinkhorn iterations give.

/// A soft assignment: `share(row, column)` says how much of the row goes to the column.
#[derive(Clone, Debug, PartialEq)]
pub struct SinkhornPlan {
    pub(super) columns: usize,
    pub(super) values: Vec<f64>,
}

impl SinkhornPlan {
    /// How much of a row goes to a column.
    ///
    /// # Panics
    ///
    /// If there is no such row or column.
    pub fn share(&self, row: usize, column: usize) -> f64 {
        self.row(row)[column]
    }

    /// The shares of a row, one per column.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The column with the largest share of each row; of several the first.
    pub fn argmax(&self) -> Vec<usize> {
        self.values
            .chunks_exact(self.columns)
            .map(|row| {
                (0..row.len()).fold(0, |best, column| {
                    if row[column] > row[best] {
                        column
                    } else {
                        best
                    }
                })
            })
            .collect()
    }
}
