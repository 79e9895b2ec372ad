//! The baselines on public data sets, against figures computed by an independent program.
//!
//! The data are not part of this repository: without the folder `../shared/data` beside it, the test says so and passes.
#![allow(clippy::print_stderr, reason = "a test that is skipped must say why")]

use std::path::Path;

use genrec_data::{Split, leave_one_out, readers::LetterJson};
use genrec_metrics::{EvaluateConfig, ItemKnn, Metric, MostPopular, Recommender, evaluate};

/// Recall at 5 and 10, NDCG at 5 and 10, in units of 0.0001.
type Figures = [u32; 4];

struct Published {
    file: &'static str,
    most_popular: Figures,
    item_knn: Figures,
}

const PUBLISHED: [Published; 3] = [
    Published {
        file: "scientific/Scientific.inter.json",
        most_popular: [158, 231, 139, 162],
        item_knn: [741, 916, 570, 626],
    },
    Published {
        file: "instruments/Instruments.inter.json",
        most_popular: [277, 468, 162, 223],
        item_knn: [812, 915, 724, 757],
    },
    Published {
        file: "beauty/Beauty.inter.json",
        most_popular: [72, 114, 40, 53],
        item_knn: [462, 639, 320, 377],
    },
];

fn measured(recommender: &dyn Recommender, split: &Split) -> Figures {
    let config = EvaluateConfig::new(1).with_resamples(0);
    let report = evaluate(recommender, &split.test, &config).unwrap();
    let columns = [
        (Metric::Recall, 5),
        (Metric::Recall, 10),
        (Metric::Ndcg, 5),
        (Metric::Ndcg, 10),
    ];
    columns.map(|(metric, k)| (report.value(metric, k).unwrap() * 1e4).round() as u32)
}

#[test]
fn baselines_reach_their_published_figures_to_the_last_digit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    for published in PUBLISHED {
        let path = folder.join(published.file);
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            continue;
        }
        let dataset = LetterJson::new(&path).read().unwrap();
        let split = leave_one_out(&dataset.interactions).unwrap();
        let popular = measured(&MostPopular::fit(&split.train), &split);
        assert_eq!(
            popular, published.most_popular,
            "most popular, {}",
            published.file
        );
        let knn = measured(&ItemKnn::fit(&split.train), &split);
        assert_eq!(knn, published.item_knn, "item kNN, {}", published.file);
    }
}
