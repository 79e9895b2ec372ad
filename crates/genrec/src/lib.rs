//! Item tokenization and generative recommendation: the front door.
pub use genrec_collaborative as collaborative;
pub use genrec_data as data;
pub use genrec_decode as decode;
pub use genrec_embed as embed;
pub use genrec_identify as identify;
pub use genrec_metrics as metrics;
pub use genrec_model as model;
pub use genrec_quantize as quantize;
