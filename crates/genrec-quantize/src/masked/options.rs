//! The points where TokenRec's paper and released code part; each is a choice.

use burn::config::Config;

/// How the codewords of a row become what the decoder reads.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Combine {
    /// Their mean, as printed.
    Mean,
    /// Their sum, as the released code has it.
    Sum,
}

/// What of a row the encoders do not see while training.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Masking {
    /// Every element of every row is hidden with the probability, as printed.
    Elements,
    /// One mask a batch, which hides elements of one of K slices of the columns only: in effect what the released code does, which draws its mask in place on the
    /// first row. Elements of the slice are hidden with the probability; which slice it is is drawn as well.
    SharedSlice,
}

/// What teaches the encoders.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum EncoderGradient {
    /// The decoder reads the combined codewords with the gradient of the combined latents, and the commitment term pulls latents to their codewords, as printed.
    StraightThrough,
    /// Nothing, in effect as in the released code: encoders stay as they were drawn, and the commitment term is a number without a gradient. The decoder reads the
    /// codewords themselves, so that its gradient reaches the codebooks.
    None,
}
