#![allow(clippy::print_stdout, missing_docs)]
use super::*;
use burn::tensor::Device;
use genrec_embed::Embeddings;
use std::ops::ControlFlow;

fn get(d: &serde_json::Value, k: &str) -> Option<String> { d.get(k).and_then(|v| v.as_str()).map(String::from) }

#[test]
#[ignore]
fn explore() {
    let jobs: Vec<serde_json::Value> = serde_json::from_str(&std::fs::read_to_string(std::env::var("JOBS").unwrap()).unwrap()).unwrap();
    for job in jobs {
        let name = get(&job, "name").unwrap();
        let text = Embeddings::read_safetensors(get(&job, "text").unwrap()).unwrap();
        let collab = get(&job, "collab").map(|p| Embeddings::read_safetensors(p).unwrap());
        let mut base = serde_json::to_value(match get(&job, "preset").as_deref() { Some("paper") => LetterConfig::paper(text.dim()), Some("released") => LetterConfig::released(text.dim()), _ => LetterConfig::quick(text.dim()) }).unwrap();
        for (path, v) in job["set"].as_object().unwrap() {
            let mut at = &mut base;
            for part in path.split('.') { at = &mut at[part]; }
            *at = v.clone();
        }
        let config: LetterConfig = serde_json::from_value(base).unwrap();
        let t = std::time::Instant::now();
        let c = if config.collaborative.is_some() { collab.as_ref() } else { None };
        let verbose = job.get("verbose").is_some();
        let letter = config.init().fit(&text, c, &Device::default(), |e| { if verbose && let Some(v) = &e.evaluation { println!("   {} loss {:.5} rec {:.6} cf {:?} div {:?} coll {:.4} used {:?}", e.epoch, e.loss, e.reconstruction, e.collaborative, e.diversity, v.collision_rate(), v.usage.levels.iter().map(|l| l.used).collect::<Vec<_>>()); } ControlFlow::Continue(()) }).unwrap();
        let secs = t.elapsed().as_secs_f64();
        // overlap with nearest collaborative neighbours
        let mut overlap = f64::NAN;
        if let Some(h) = &collab {
            let h = h.normalized();
            let n = h.rows();
            let mut total = 0.0; let mut count = 0.0;
            for a in (0..n).step_by(3) {
                let ra = h.row(a);
                let best = (0..n).filter(|&b| b != a).max_by(|&x, &y| { let s = |b: usize| ra.iter().zip(h.row(b)).map(|(p, q)| p * q).sum::<f32>(); s(x).total_cmp(&s(y)) }).unwrap();
                let id = |i: usize| genrec_data::ItemId::new(i as u32);
                total += letter.codes.codes(id(a)).iter().zip(letter.codes.codes(id(best))).filter(|(x, y)| x == y).count() as f64 / letter.codes.levels() as f64; count += 1.0;
            }
            overlap = total / count;
        }
        let last = letter.history.last().unwrap();
        println!("{name}: {secs:.0}s coll {:.4} used {:?} perp {:?} rec {:.6} cf {:?} div {:?} overlap {overlap:.4}", letter.usage.collision_rate(), letter.usage.levels.iter().map(|l| l.used).collect::<Vec<_>>(), letter.usage.levels.iter().map(|l| l.perplexity.round()).collect::<Vec<_>>(), last.reconstruction, last.collaborative, last.diversity);
        if let Some(path) = get(&job, "save") { letter.codes.write_index_json(path).unwrap(); }
    }
}
