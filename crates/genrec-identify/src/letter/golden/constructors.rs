//! What the constructors choose, and how large the clusters are that codebooks start from.

use genrec_quantize::{
    Assignment, CodebookInit, LevelLoss, QuantizedGradient, Residual, SinkhornConfig, SizeBounds,
};
use serde::Deserialize;

use crate::letter::{ContrastiveForm, LetterConfig};

/// Difference 5: how large the clusters are that the released code starts its codebooks from.
#[test]
fn initial_cluster_sizes() {
    #[derive(Deserialize)]
    struct Golden {
        rows: usize,
        codewords: usize,
        min: usize,
        max: usize,
    }
    let golden: Vec<Golden> = serde_json::from_str(include_str!(
        "../../../../../tests/golden/letter/initial_sizes.json"
    ))
    .unwrap();
    for Golden {
        rows,
        codewords,
        min,
        max,
    } in golden
    {
        assert_eq!(
            SizeBounds::of_codebook(rows, codewords),
            SizeBounds { min, max },
            "{rows} rows, {codewords} codewords"
        );
    }
    let start = LetterConfig::released(8).rqvae.quantizer.init;
    assert!(
        matches!(start, CodebookInit::ConstrainedKMeans { .. }),
        "{start:?}"
    );
}

/// What the two constructors choose at each difference.
#[test]
fn paper_and_released_differ_where_the_table_says() {
    let (paper, released) = (LetterConfig::paper(768), LetterConfig::released(768));
    let quantizers = (&paper.rqvae.quantizer, &released.rqvae.quantizer);
    assert_eq!(
        (quantizers.0.level_loss, quantizers.1.level_loss),
        (LevelLoss::Sum, LevelLoss::Mean)
    );
    assert_eq!(
        (quantizers.0.residual, quantizers.1.residual),
        (Residual::Codeword, Residual::StraightThrough)
    );
    assert_eq!(
        (
            quantizers.0.quantized_gradient,
            quantizers.1.quantized_gradient
        ),
        (QuantizedGradient::Codebooks, QuantizedGradient::Encoder)
    );
    assert_eq!(
        (quantizers.0.assignment, quantizers.1.assignment),
        (
            Assignment::Nearest,
            Assignment::SinkhornLast(SinkhornConfig::new())
        )
    );
    for config in [&paper, &released] {
        assert_eq!(config.rqvae.hidden, [2048, 1024, 512, 256, 128, 64]);
        assert_eq!(
            (
                config.rqvae.quantizer.d_code,
                &config.rqvae.quantizer.codebook_sizes[..]
            ),
            (32, &[256; 4][..])
        );
        assert_eq!(
            (
                config.rqvae.quantizer.commitment,
                config.training.batch,
                config.training.epochs
            ),
            (0.25, 1024, 20_000)
        );
        assert_eq!(
            (config.training.learning_rate, config.training.weight_decay),
            (1e-3, 1e-4)
        );
        let collaborative = config.collaborative.as_ref().unwrap();
        assert_eq!(
            (collaborative.weight, collaborative.form),
            (0.02, ContrastiveForm::Logarithm)
        );
        let diversity = config.diversity.as_ref().unwrap();
        assert_eq!(
            (
                diversity.weight,
                diversity.clusters,
                diversity.min_size,
                diversity.max_size
            ),
            (1e-4, 10, 10, 60)
        );
    }
    let tiger = LetterConfig::tiger(768);
    assert_eq!(
        (
            tiger.rqvae.quantizer.codebook_sizes.as_slice(),
            &tiger.collaborative,
            &tiger.diversity
        ),
        (&[256; 3][..], &None, &None)
    );
    assert_eq!(
        tiger.with_levels(4).rqvae.quantizer.codebook_sizes,
        [256; 4]
    );
}
