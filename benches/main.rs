//! How fast the parts are: `cargo bench --bench main`, or a part of it with `-- <group or name>`.
//!
//! The default back end of Burn does the tensor work. With `GENREC_BENCH_LARGE` set, tries of 10^7 identifiers are measured too; they take
//! several GiB. Figures and what they are compared with are in `docs/benchmarks.md`.

mod collaborative;
mod decode;
mod inputs;
mod model;
mod quantize;
mod recommend;
mod retrieve;

mod training;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    decode::benches(&mut criterion);
    quantize::benches(&mut criterion);
    model::benches(&mut criterion);
    recommend::benches(&mut criterion);
    collaborative::benches(&mut criterion);
    retrieve::benches(&mut criterion);
    criterion.final_summary();
}
