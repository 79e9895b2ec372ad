//! Seeds made of seeds.

/// A seed of its own for the part `number` of what `seed` determines: an epoch of a training, a batch of an epoch (SplitMix64's finalizer, so that
/// neighbours share nothing).
pub fn mixed(seed: u64, number: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(number.wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
