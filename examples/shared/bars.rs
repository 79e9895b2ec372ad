//! Progress bars.

use std::time::Duration;

use genrec::model::TrainingEvent;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar for work of known length.
pub(crate) fn bar(what: &str, length: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{prefix:>22} {bar:30} {pos:>6}/{len:6} {elapsed:>5} {msg}")
            .expect("the template is well formed");
    let bar = ProgressBar::new(length as u64)
        .with_style(style)
        .with_prefix(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// A bar that follows the training of a recommender, epoch by epoch.
pub(crate) fn training(what: &str, epochs: usize) -> impl FnMut(TrainingEvent) + Send + use<> {
    let bar = bar(what, epochs);
    let mut validation = f64::NAN;
    move |event| match event {
        TrainingEvent::Step {
            epoch,
            samples,
            total,
            loss,
            ..
        } => {
            bar.set_position(epoch as u64 - 1);
            let done = 100 * samples / total.max(1);
            let loss = loss.unwrap_or(f64::NAN);
            bar.set_message(format!(
                "{done:3} % of the epoch, loss {loss:.3}, validation NDCG@10 {validation:.4}"
            ));
        }
        TrainingEvent::Epoch(epoch) => {
            validation = epoch.validation.unwrap_or(validation);
            bar.set_position(epoch.epoch as u64);
        }
    }
}
