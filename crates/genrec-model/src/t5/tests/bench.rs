//! Temporary measurement.
use std::time::Instant;

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData, activation::log_softmax};

use super::super::T5Config;

#[test]
#[ignore]
fn bench() {
    let args: Vec<f64> = std::env::var("BENCH").unwrap_or_default().split_whitespace().map(|a| a.parse().unwrap()).collect();
    let batch = *args.first().unwrap_or(&64.0) as usize;
    let positions = *args.get(1).unwrap_or(&80.0) as usize;
    let dropout = *args.get(2).unwrap_or(&0.1);
    let steps = *args.get(3).unwrap_or(&6.0) as usize;
    let device = Device::default().autodiff();
    let length = 5;
    let mut t5 = T5Config::letter_tiger(1030).with_dropout(dropout).init(&device);
    let ids = |n: usize| -> Vec<i64> { (0..n).map(|i| ((i * 7919) % 1030) as i64).collect() };
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(ids(batch * positions), [batch, positions]), &device);
    let mask = Tensor::<2, Bool>::full([batch, positions], true, &device);
    let written = Tensor::<2, Int>::from_data(TensorData::new(ids(batch * length), [batch, length]), &device);
    let mut optim = AdamWConfig::new().init();
    let cpu = || {
        let text = std::fs::read_to_string("/proc/self/stat").unwrap();
        let f: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        (f[11].parse::<f64>().unwrap() * 10.0, f[12].parse::<f64>().unwrap() * 10.0)
    };
    for step in 0..steps {
        let c0 = cpu();
        let t0 = Instant::now();
        t5.seed_dropout(step as u64);
        let logits = t5.forward(tokens.clone(), &mask, written.clone());
        let lp = log_softmax(logits.reshape([batch * length, 1030]), 1);
        let loss = lp.gather(1, written.clone().reshape([batch * length, 1])).mean().neg();
        let value = loss.clone().inner().into_scalar::<f32>();
        let t1 = Instant::now();
        let grads = loss.backward();
        let grads = GradientsParams::from_grads(grads, &t5);
        let t2 = Instant::now();
        t5 = optim.step(5e-4, t5, grads);
        let t3 = Instant::now();
        let c1 = cpu();
        println!("step {step} loss {value:.4} forward {:.0} backward {:.0} optimizer {:.0} total {:.0} ms; cpu user {:.0} sys {:.0}", (t1 - t0).as_secs_f64() * 1e3, (t2 - t1).as_secs_f64() * 1e3, (t3 - t2).as_secs_f64() * 1e3, (t3 - t0).as_secs_f64() * 1e3, c1.0 - c0.0, c1.1 - c0.1);
    }
    let valid = t5.valid();
    let plain = device.inner();
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(ids(batch * positions), [batch, positions]), &plain);
    let mask = Tensor::<2, Bool>::full([batch, positions], true, &plain);
    for _ in 0..3 {
        let t0 = Instant::now();
        let encoded = valid.encode(valid.embed(tokens.clone()), &mask);
        println!("encode {:.0} ms", t0.elapsed().as_secs_f64() * 1e3);
        let _ = encoded.into_data();
    }
}

#[test]
#[ignore]
fn bench_parallel() {
    use burn::optim::GradientsAccumulator;
    use rayon::prelude::*;
    let args: Vec<usize> = std::env::var("BENCH").unwrap_or_default().split_whitespace().map(|a| a.parse().unwrap()).collect();
    let (batch, positions, chunk, steps) = (args[0], args[1], args[2], args[3]);
    let device = Device::default().autodiff();
    let plain = device.clone().inner();
    let length = 5;
    let mut t5 = T5Config::letter_tiger(1030).init(&device);
    let ids = |n: usize| -> Vec<i64> { (0..n).map(|i| ((i * 7919) % 1030) as i64).collect() };
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(ids(batch * positions), [batch, positions]), &plain);
    let written = Tensor::<2, Int>::from_data(TensorData::new(ids(batch * length), [batch, length]), &plain);
    let mut optim = AdamWConfig::new().init();
    let cpu = || {
        let text = std::fs::read_to_string("/proc/self/stat").unwrap();
        let f: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        (f[11].parse::<f64>().unwrap() * 10.0, f[12].parse::<f64>().unwrap() * 10.0)
    };
    for step in 0..steps {
        let c0 = cpu();
        let t0 = Instant::now();
        let base = t5.valid();
        let parts: Vec<(f32, GradientsParams)> = (0..batch / chunk)
            .map(|i| {
                let rows = i * chunk..(i + 1) * chunk;
                (base.clone(), i, tokens.clone().slice([rows.clone()]), written.clone().slice([rows]))
            })
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|(m, i, tokens, written)| {
                let m = m.train();
                m.seed_dropout((step * 1000 + i) as u64);
                let mask = Tensor::<2, Bool>::full([chunk, positions], true, &plain);
                let logits = m.forward(tokens, &mask, written.clone());
                assert!(logits.is_autodiff());
                let lp = log_softmax(logits.reshape([chunk * length, 1030]), 1);
                let written = Tensor::from_inner(written);
                let loss = lp.gather(1, written.reshape([chunk * length, 1])).sum().neg() / (batch * length) as f64;
                let value = loss.clone().inner().into_scalar::<f32>();
                let grads = loss.backward();
                (value, GradientsParams::from_grads(grads, &m))
            })
            .collect();
        let mut acc = GradientsAccumulator::new();
        let mut value = 0.0;
        for (v, g) in parts {
            value += v;
            acc.accumulate(&t5, g);
        }
        let t2 = Instant::now();
        t5 = optim.step(5e-4, t5, acc.grads());
        let t3 = Instant::now();
        let c1 = cpu();
        println!("step {step} loss {value:.4} gradients {:.0} optimizer {:.0} total {:.0} ms; cpu user {:.0} sys {:.0}", (t2 - t0).as_secs_f64() * 1e3, (t3 - t2).as_secs_f64() * 1e3, (t3 - t0).as_secs_f64() * 1e3, c1.0 - c0.0, c1.1 - c0.1);
    }
}
