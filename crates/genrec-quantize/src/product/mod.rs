//! Product quantization (Jégou, Douze and Schmid, 2011): the values of a row are cut into as many
//! parts as there are codes, and each part is quantized by k-means of its own; before that, rows
//! may be rotated (Ge et al., 2013).
//!
//! The codes of a row do not build on each other: none is coarser than the next.

mod config;
mod fit;
mod rotation;
#[cfg(test)]
mod tests;

pub use config::{ProductKMeansConfig, Rotation};

use crate::codebook::lookup;
use crate::{Codebook, CodebookConfig, Quantized, Quantizer, RowError};
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, assert_shape};

/// Codebooks of the parts of rows; comes out of [`ProductKMeansConfig::fit`]. (What is fitted and
/// what is trained: see [`ResidualKMeans`](crate::ResidualKMeans).)
#[derive(Module, Debug)]
pub struct ProductKMeans {
    /// One per part, `[codewords, d_input / parts]`.
    pub parts: Vec<Codebook>,
    /// Orthogonal matrix that rows are multiplied with before they are cut, `[d_input, d_input]`.
    pub rotation: Option<Param<Tensor<2>>>,
    #[module(skip)]
    config: ProductKMeansConfig,
}

impl ProductKMeans {
    fn new(
        config: ProductKMeansConfig,
        parts: Vec<Tensor<2>>,
        rotation: Option<Tensor<2>>,
    ) -> Self {
        let codebook = |words: Tensor<2>| {
            let [codewords, d] = words.dims();
            CodebookConfig::new(codewords, d)
                .init(&words.device())
                .with_codewords(words)
        };
        Self {
            parts: parts.into_iter().map(codebook).collect(),
            rotation: rotation.map(|matrix| Param::from_tensor(matrix).set_require_grad(false)),
            config,
        }
    }

    /// The codewords of each part as rows, `[codewords, d_input]` per part: 0 outside of the part,
    /// and rotated back. Those of a row's codes add up to what the codes stand for, so that
    /// whatever works on a sum of codewords works on these.
    pub fn codebooks(&self) -> Vec<Tensor<2>> {
        (0..self.parts.len())
            .map(|part| self.whole(part, self.parts[part].words()))
            .collect()
    }

    /// What it was fitted with.
    pub fn config(&self) -> &ProductKMeansConfig {
        &self.config
    }

    /// The rotated rows, cut into parts `[batch, d_input / parts]`.
    fn cut(&self, rows: Tensor<2>) -> Vec<Tensor<2>> {
        let d = self.parts[0].d_code();
        let rows = match &self.rotation {
            Some(rotation) => rows.matmul(rotation.val()),
            None => rows,
        };
        (0..self.parts.len())
            .map(|part| rows.clone().narrow(1, part * d, d))
            .collect()
    }

    /// Values of one part, `[batch, d_input / parts]`, as rows `[batch, d_input]`.
    fn whole(&self, part: usize, values: Tensor<2>) -> Tensor<2> {
        let [batch, d] = values.dims();
        let zeros = |columns: usize| Tensor::<2>::zeros([batch, columns], &values.device());
        let mut columns = vec![];
        if part > 0 {
            columns.push(zeros(part * d));
        }
        columns.push(values.clone());
        if part + 1 < self.parts.len() {
            columns.push(zeros((self.parts.len() - part - 1) * d));
        }
        self.turned_back(Tensor::cat(columns, 1))
    }

    fn turned_back(&self, rows: Tensor<2>) -> Tensor<2> {
        match &self.rotation {
            Some(rotation) => rows.matmul(rotation.val().transpose()),
            None => rows,
        }
    }
}

impl Quantizer for ProductKMeans {
    /// The loss is the mean square of the error; its gradient reaches the codebooks. The inputs and
    /// codewords of the levels are those of the parts as rows, as in
    /// [`codebooks`](ProductKMeans::codebooks).
    fn forward(&self, rows: Tensor<2>) -> Quantized {
        let codes = self.encode(rows.clone());
        let words = lookup(&self.parts, &codes);
        let quantized = self.turned_back(Tensor::cat(words.clone(), 1));
        let reconstruction = RowError::MeanSquare.between(quantized.clone(), rows.clone());
        let whole = |parts: Vec<Tensor<2>>| -> Vec<Tensor<2>> {
            let whole = |(part, values)| self.whole(part, values);
            parts.into_iter().enumerate().map(whole).collect()
        };
        Quantized {
            inputs: whole(self.cut(rows.clone())),
            codewords: whole(words),
            latent: rows,
            quantized: quantized.clone(),
            codes,
            output: quantized,
            loss: reconstruction.clone(),
            reconstruction,
            statistics: vec![],
        }
    }

    fn encode(&self, rows: Tensor<2>) -> Tensor<2, Int> {
        let d = self.d_input();
        assert_shape!(rows, [_, d]);
        let nearest = |(codebook, part): (&Codebook, Tensor<2>)| codebook.nearest(part);
        Tensor::stack(
            self.parts.iter().zip(self.cut(rows)).map(nearest).collect(),
            1,
        )
    }

    fn decode(&self, codes: Tensor<2, Int>) -> Tensor<2> {
        let levels = self.levels();
        assert_shape!(codes, [_, levels]);
        self.turned_back(Tensor::cat(lookup(&self.parts, &codes), 1))
    }

    fn levels(&self) -> usize {
        self.parts.len()
    }

    fn codebook_sizes(&self) -> Vec<usize> {
        self.config.codebook_sizes.clone()
    }

    fn d_input(&self) -> usize {
        self.parts.len() * self.parts[0].d_code()
    }

    fn settings(&self) -> String {
        serde_json::to_string(&self.config).expect("a configuration is plain data")
    }
}
