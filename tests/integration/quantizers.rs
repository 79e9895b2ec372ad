//! Codes of every quantizer become identifiers: what the tables and their rules take is what quantizers give.

use burn::tensor::{Device, Distribution, Tensor};
use genrec::data::ItemId;
use genrec::identify::{CodeTable, Disambiguate, ResidualSpace};
use genrec::quantize::{
    FsqConfig, ProductKMeansConfig, Quantizer, ResidualKMeansConfig, Rotation, encode_all,
};

/// 300 rows, the last 60 of them copies of others: some codes must collide.
fn rows() -> Tensor<2> {
    let device = Device::default();
    let rows = Tensor::<2>::random([240, 12], Distribution::Normal(0.0, 1.0), &device);
    Tensor::cat(vec![rows.clone(), rows.narrow(0, 0, 60)], 0)
}

fn identify<Q: Quantizer>(quantizer: &Q, rows: &Tensor<2>, space: &ResidualSpace) {
    let codes = encode_all(quantizer, rows, 100);
    let table = CodeTable::from_tensor(codes, quantizer.codebook_sizes()).unwrap();
    assert_eq!(table.levels(), quantizer.levels());
    assert!(table.collisions().groups().len() >= 60);
    for rule in [Disambiguate::NextBest, Disambiguate::AppendToken] {
        let identifiers = rule.apply(&table, Some(space)).unwrap();
        for (item, identifier) in identifiers.iter() {
            assert_eq!(identifiers.item(identifier), Some(item));
        }
        let first = identifiers.identifier(ItemId::new(0));
        assert_ne!(first, identifiers.identifier(ItemId::new(240)));
    }
}

#[test]
fn fitted_codes_become_identifiers() {
    let rows = rows();
    let config = ResidualKMeansConfig::new().with_codebook_sizes(vec![16; 3]);
    let fitted = config.with_beam(4).fit(&rows, 1).unwrap();
    let space = ResidualSpace::from_tensors(rows.clone(), fitted.codebooks()).unwrap();
    identify(&fitted, &rows, &space);

    let config = ProductKMeansConfig::new().with_codebook_sizes(vec![16; 3]);
    let config = config.with_rotation(Rotation::Learned { rounds: 3 });
    let fitted = config.fit(&rows, 1).unwrap();
    let space = ResidualSpace::from_tensors(rows.clone(), fitted.codebooks()).unwrap();
    identify(&fitted, &rows, &space);
}

#[test]
fn rounded_codes_become_identifiers() {
    let rows = rows();
    let config = FsqConfig::new(12).with_hidden(vec![16]);
    let fsq = config
        .with_scalars(vec![vec![4, 4]; 3])
        .init(&rows.device());
    let codebooks = fsq.codebooks(&rows.device());
    let space = ResidualSpace::from_tensors(fsq.latents(rows.clone()), codebooks).unwrap();
    identify(&fsq, &rows, &space);
}
