use super::*;

#[test]
fn losses_and_gradients_of_every_option() {
    let golden = golden();
    assert_eq!(golden.cases.len(), 10);
    for case in &golden.cases {
        let name = &case.name;
        let model = golden.model(golden.quantizer(&case.options));
        let out = model.forward(golden.rows().autodiff());
        let codes: Vec<i64> = out.codes.clone().into_data().iter::<i64>().collect();
        assert_eq!(codes, case.codes, "{name}");
        let regularizer = golden.regularizer(out.quantized.clone());
        for (what, found, expected) in [
            ("loss", &out.loss, case.loss),
            ("reconstruction", &out.reconstruction, case.reconstruction),
            ("regularizer", &regularizer, case.regularizer),
        ] {
            let found = found.clone().into_scalar::<f32>();
            assert!(
                (found - expected).abs() < 1e-5 * expected.abs().max(1.0),
                "{name}, {what}: {found}, expected {expected}"
            );
        }
        check_gradients(
            &format!("{name}, loss"),
            &model,
            &out.loss.backward(),
            &case.loss_gradients,
        );
        // Each backward pass consumes its graph.
        let out = model.forward(golden.rows().autodiff());
        let gradients = golden.regularizer(out.quantized).backward();
        check_gradients(
            &format!("{name}, regularizer"),
            &model,
            &gradients,
            &case.regularizer_gradients,
        );
    }
}

/// LETTER's released code subtracts the straight-through value: the terms of every level but the
/// first have no gradient in the encoder.
#[test]
fn what_the_terms_of_each_level_teach_the_encoder() {
    let golden = golden();
    for case in &golden.cases {
        for (level, &expected) in case.taught.iter().enumerate() {
            let model = golden.model(golden.quantizer(&case.options));
            let latent = model.latents(golden.rows().autodiff());
            let terms = model.quantizer.forward(latent).level_losses;
            let gradients = terms[level].backward();
            let squares = mlp_gradients(&model.encoder, &gradients)
                .into_iter()
                .flatten()
                .map(|g| g * g)
                .sum::<f32>();
            let found = squares.sqrt();
            assert!(
                (found - expected).abs() < 1e-5,
                "{}, level {level}: {found}, expected {expected}",
                case.name
            );
            match (case.options.residual, level) {
                (Residual::StraightThrough, 1..) => {
                    assert!(found.to_bits() == 0, "{} {found}", case.name);
                }
                _ => assert!(found > 1e-3, "{} {found}", case.name),
            }
        }
    }
}

#[test]
fn paper_and_released_are_their_options() {
    let golden = golden();
    let case = |name: &str| golden.cases.iter().find(|case| case.name == name).unwrap();
    let sizes = |config: ResidualQuantizerConfig| {
        let (init, levels) = (CodebookInit::Uniform, golden.start.codebooks.len());
        config
            .with_init(init)
            .with_codebook_sizes(vec![golden.codewords; levels])
    };
    let d = golden.widths[2];
    assert_eq!(
        sizes(ResidualQuantizerConfig::new(d)),
        golden.quantizer(&case("paper").options)
    );
    assert_eq!(
        sizes(ResidualQuantizerConfig::released(d)),
        golden.quantizer(&case("released").options)
    );
    assert_eq!(
        ResidualQuantizerConfig::released(d).init,
        CodebookInit::ConstrainedKMeans { iterations: 10 }
    );
    assert_eq!(
        RqVaeConfig::paper(768).hidden,
        [2048, 1024, 512, 256, 128, 64]
    );
    assert_eq!(
        RqVaeConfig::released(768).quantizer,
        ResidualQuantizerConfig::released(32)
    );
}

/// AdamW over full batches, gradients clipped to a norm of 0.5 together.
#[test]
fn training_follows_pytorch() {
    let golden = golden();
    let paper = golden
        .cases
        .iter()
        .find(|case| case.name == "paper")
        .unwrap();
    let model = golden.model(golden.quantizer(&paper.options));
    let mut losses = vec![];
    let mut note = |progress: &crate::Progress| {
        losses.push(progress.loss);
        ControlFlow::Continue(())
    };
    TrainerConfig::new(golden.training.len())
        .with_batch(64)
        .with_learning_rate(1e-2)
        .with_weight_decay(1e-2)
        .with_clip_norm(Some(0.5))
        .init()
        .fit(
            model,
            &golden.rows(),
            Callbacks::new().with_progress(&mut note),
        )
        .unwrap();
    for (step, (found, expected)) in losses.iter().zip(&golden.training).enumerate() {
        assert!(
            (found - expected).abs() < 2e-5 * expected,
            "step {step}: {found}, expected {expected}"
        );
    }
}

#[test]
fn sinkhorn_gives_the_released_plan_and_codes() {
    let Plan {
        columns,
        distances,
        plan,
        codes,
    } = golden().sinkhorn;
    let found = SinkhornConfig::new()
        .with_epsilon(0.05)
        .plan(&distances, columns);
    for (row, expected) in plan.chunks_exact(columns).enumerate() {
        for (a, b) in found.row(row).iter().zip(expected) {
            assert!((a - b).abs() < 1e-6, "row {row}: {a}, expected {b}");
        }
    }
    assert_eq!(
        SinkhornConfig::new().plan(&distances, columns).argmax(),
        codes
    );
    let values: Vec<f32> = distances.iter().map(|&d| d as f32).collect();
    let assigned = SinkhornConfig::new().assign(matrix(&values, columns, &Device::default()));
    let assigned: Vec<usize> = assigned
        .into_data()
        .iter::<i64>()
        .map(|code| code as usize)
        .collect();
    assert_eq!(assigned, codes);
}

#[test]
fn decoding_sums_the_codewords() {
    let golden = golden();
    let paper = golden
        .cases
        .iter()
        .find(|case| case.name == "paper")
        .unwrap();
    let model = golden.model(golden.quantizer(&paper.options));
    let out = model.forward(golden.rows().autodiff());
    let codes = model.encode(golden.rows());
    assert_eq!(codes.to_data(), out.codes.to_data());
    let gap = (model.decode(codes.clone()) - out.output.clone())
        .abs()
        .max()
        .into_scalar::<f32>();
    assert!(gap < 1e-5, "{gap}");
    let gap = (model.quantizer.decode(codes) - out.quantized)
        .abs()
        .max()
        .into_scalar::<f32>();
    assert!(gap < 1e-6, "{gap}");
    // The codewords given to regularizers are rows of their codebooks.
    let first = out.codes.narrow(1, 0, 1).squeeze_dim::<1>(1);
    let codebook = CodebookConfig::new(golden.codewords, golden.widths[2]).init(&Device::default());
    let codebook = codebook.with_codewords(matrix(
        &golden.start.codebooks[0],
        golden.widths[2],
        &Device::default(),
    ));
    let expected: Tensor<2> = codebook.lookup(first as Tensor<1, Int>);
    assert_eq!(out.codewords[0].to_data(), expected.to_data());
}
